// Writes the tables of causes and errors into the documentation, from the constants that the gateway itself uses.
// With --check it only says whether the pages are up to date. Needs a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { CAUSES } = await built('causes.js');
const { ERRORS } = await built('errors.js');

const TABLES = [
  { page: 'docs/behaviour.md', name: 'causes', render: causeTable },
  { page: 'docs/library.md', name: 'errors', render: errorTable },
];

const isCheck = process.argv.includes('--check');
for (const table of TABLES) update(table);

async function built(file) {
  try {
    return await import(new URL(`../dist/base/${file}`, import.meta.url).href);
  } catch (error) {
    fail(`dist/base/${file} cannot be loaded (${error.message}). Run npm run build first.`);
  }
}

function update({ page, name, render }) {
  const file = join(root, page);
  const text = readFileSync(file, 'utf8');
  const begin = `<!-- generated: ${name} (npm run docs) -->`;
  const end = `<!-- end: ${name} -->`;
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) fail(`${page} has no "${begin}" followed by "${end}".`);

  const updated = `${text.slice(0, from)}${begin}\n\n${render()}\n\n${text.slice(to)}`;
  if (updated === text) return;
  if (isCheck) fail(`${page}: the table "${name}" is not up to date. Run npm run docs.`);
  writeFileSync(file, updated);
  console.log(`${page}: wrote the table "${name}".`);
}

function causeTable() {
  const rows = Object.entries(CAUSES).map(([cause, facts]) => [
    `\`${cause}\``,
    facts.what,
    told(facts, 'client'),
    told(facts, 'upstream'),
  ]);
  return table(['cause', 'what happened', 'the client gets', 'the upstream gets'], rows);
}

/** What one side is told, also as the offender where either side may be that. */
function told(facts, side) {
  const usually = ending(facts[side], side);
  return facts.offender === undefined
    ? usually
    : `as the offender ${ending(facts.offender, side)}; else ${usually}`;
}

function ending(what, side) {
  if (typeof what === 'object') return `${what.code} \`${what.reason}\``;
  const other = side === 'client' ? 'upstream' : 'client';
  return {
    forwarded: `the ${other}'s close frame`,
    reply: `the ${other}'s answer to it`,
    reset: 'a TCP reset',
    gone: 'nothing: it is gone',
  }[what];
}

function errorTable() {
  const rows = Object.entries(ERRORS).map(([code, { what, status }]) => [
    `\`${code}\``,
    what,
    status === null ? '–' : String(status),
  ]);
  return table(['code', 'what it means', 'status'], rows);
}

function table(heads, rows) {
  const lines = [heads, heads.map(() => '---'), ...rows];
  return lines
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
