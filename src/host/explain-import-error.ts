import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeError } from './describe-error.ts';
import { ownPackage } from './resolve-package.ts';

/** What Node.js says of `import` and `export` in a `.js` that it takes for CommonJS. */
const NO_MODULE = /^Cannot use import statement outside a module|^Unexpected token 'export'/;

/** Says why a plugin could not be imported, and what to do about it. `file` is the plugin's own. */
export async function explainImportError(error: unknown, file: string): Promise<string> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const message = error instanceof Error ? error.message : '';
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') return explainMissing(message, file);
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[mc]?ts"|\.[mc]?ts$/.test(message))
    return explainTypeScript(file);
  if (code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING')
    return `${file} stands in node_modules, where Node.js loads no TypeScript: a package has to ship JavaScript`;
  if (error instanceof SyntaxError && NO_MODULE.test(message))
    return `${fileInStack(error) ?? file} is no ES module for Node.js: rename it to .mjs, or write "type": "module" in its package.json`;
  if (error instanceof SyntaxError) return `${placeInStack(error) ?? file} is not valid: ${message}`;
  return `${file} threw while it was imported: ${describeError(error)}`;
}

async function explainMissing(message: string, file: string): Promise<string> {
  const importer = /imported from (.+)$/m.exec(message)?.[1] ?? file;
  const asked = /Cannot find package '([^']+)'/.exec(message)?.[1];
  if (asked === undefined) return `${file} cannot be imported: ${firstLine(message)}`;
  const name = packageName(asked);
  const folder = await installFolder(importer);
  return `${importer} cannot find the package ${name}. Run \`npm install ${name}\` in ${folder}${hint(name)}`;
}

/** Ours may have come to the machine without a registry. */
const hint = (name: string): string =>
  name === 'wsfw' ? '. If yours came as a .tgz file, put its path in place of the name' : '';

/** Node's message names the specifier in some versions and the package in others. */
function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Where an operator would run `npm install` for the sake of `importer`. */
async function installFolder(importer: string): Promise<string> {
  const modules = importer.indexOf(`${sep}node_modules${sep}`);
  if (modules !== -1) return importer.slice(0, modules);
  const folder = dirname(importer);
  return (await ownPackage(folder))?.folder ?? folder;
}

function explainTypeScript(file: string): string {
  return (
    `this Node.js cannot load TypeScript (${file}): 22.18 and newer of the 22 line can, and so can 23.6 and newer. ` +
    'Use one of those, or compile the plugin to JavaScript'
  );
}

/** `SyntaxError`s of linking start their stack with the place; those of parsing have none. */
function placeInStack(error: SyntaxError): string | null {
  const place = /^(file:\/\/.+):(\d+)$/.exec(firstLine(error.stack ?? ''));
  return place?.[1] === undefined ? null : `${fileURLToPath(place[1])}:${place[2]}`;
}

/** Those of CommonJS start theirs with a path, which may be that of a file that the plugin imports. */
function fileInStack(error: SyntaxError): string | undefined {
  return /^(.+):\d+$/.exec(firstLine(error.stack ?? ''))?.[1];
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
