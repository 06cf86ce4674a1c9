// Writes the tables of options in docs/ from the schemas that validate them. Needs a build.
//
//   node scripts/docs-options.mjs           writes the tables
//   node scripts/docs-options.mjs --check   exits with 1 when one of them is not up to date
//
// A table stands between `<!-- options: NAME -->` and `<!-- /options -->`. NAME is a key of the configuration
// (`server`, `plugins`, `routes`, …) or the id of a built-in component (`plugins.wsfw.actions.WebSocketAction`).
// Every built-in component with options needs one.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const load = (...path) => import(pathToFileURL(join(dist, ...path)).href);

if (!existsSync(join(dist, 'config', 'schema.js'))) {
  console.error('There is nothing in dist/ yet: run npm run build first.');
  process.exit(2);
}

const { rootSchema } = await load('config', 'schema.js');
const { jsonSchemaOf } = await load('config', 'known-keys.js');

/** Every name that a table may have, with the JSON Schema of a map of options. */
const schemas = new Map([...coreSchemas(), ...(await componentSchemas())]);

const outdated = [];
const undocumented = new Set([...schemas.keys()].filter((name) => name.startsWith('plugins.')));
for (const file of markdownFiles(join(root, 'docs'))) {
  const before = readFileSync(file, 'utf8');
  const after = before.replace(
    /(<!-- options: (\S+) -->\n)[\s\S]*?(<!-- \/options -->)/g,
    (_, open, name, close) => {
      undocumented.delete(name);
      return `${open}\n${table(name, file)}\n${close}`;
    },
  );
  if (after === before) continue;
  outdated.push(relative(root, file));
  if (!process.argv.includes('--check')) writeFileSync(file, after);
}
if (outdated.length > 0) {
  const check = process.argv.includes('--check');
  console.log(
    `${check ? 'Out of date, run node scripts/docs-options.mjs' : 'Written'}: ${outdated.join(', ')}`,
  );
  if (check) process.exit(1);
}
if (undocumented.size > 0) {
  console.error(`No page of docs/ has the options of ${[...undocumented].join(', ')}.`);
  process.exit(1);
}

/** The maps of the core: of a list or a map of names, the schema of one entry. */
function coreSchemas() {
  return Object.entries(jsonSchemaOf(rootSchema).properties).map(([key, node]) => {
    const entry = node.items ?? (node.properties === undefined ? node.additionalProperties : undefined);
    return [key, entry ?? node];
  });
}

async function componentSchemas() {
  const found = [];
  for (const folder of readdirSync(join(dist, 'plugins'))) {
    const { default: plugin } = await load('plugins', folder, 'index.js');
    for (const kind of ['middlewares', 'actions', 'storages']) {
      for (const [name, component] of Object.entries(plugin[kind] ?? {})) {
        const schema = jsonSchemaOf(component.config);
        if (Object.keys(schema.properties ?? {}).length > 0)
          found.push([`plugins.${plugin.name}.${kind}.${name}`, schema]);
      }
    }
  }
  return found;
}

function markdownFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return markdownFiles(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

function table(name, file) {
  const schema = schemas.get(name);
  if (schema === undefined) {
    console.error(
      `${relative(root, file)}: there are no options of ${name}. Known: ${[...schemas.keys()].join(', ')}`,
    );
    process.exit(2);
  }
  const rows = options(schema, '').map((cells) => `| ${cells.join(' | ')} |`);
  return ['| option | default | meaning |', '|---|---|---|', ...rows, ''].join('\n');
}

/** One row an option; a map of options has one of its own before theirs. */
function options(schema, prefix) {
  return Object.entries(schema.properties ?? {}).flatMap(([name, node]) => {
    const path = prefix + name;
    const isMap = node.properties !== undefined;
    const required = schema.required?.includes(name) && node.default === undefined;
    const row = [
      `\`${path}\``,
      required ? 'required' : isMap ? defaultOfMap(node) : defaultOf(node),
      (node.description ?? '').replaceAll('|', '\\|'),
    ];
    return isMap ? [row, ...options(node, `${path}.`)] : [row];
  });
}

/**
 * A map that is not written is off if its description says what there is without it; otherwise its options have their
 * defaults. The schema cannot tell: it says `optional` of both when it matters to a component what was written.
 */
function defaultOfMap({ default: value, description = '' }) {
  return value === undefined && description.includes('Without it') ? 'off' : 'as below';
}

function defaultOf({ default: value }) {
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  if (value === undefined || value === '' || isEmpty) return 'none';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
