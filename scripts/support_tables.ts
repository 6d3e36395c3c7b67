/**
 * Writes the tables of the last runs into the page "Support", or compares them.
 *
 * @module
 */
import { join } from "node:path";
import { readArguments } from "./tools/arguments.ts";
import { platformsTable } from "./matrices/platforms/results.ts";
import { versionsTable } from "./matrices/versions/results.ts";

const USAGE = `Usage: npx deno run -A scripts/support_tables.ts [--check]

Writes the tables of the last runs into docs/reference/support.md.

Options:
      --check  write nothing, and exit with 1 if the page has other tables
  -h, --help   print this`;

const { values } = readArguments({ usage: USAGE, options: { check: { type: "boolean" } } });
const file = join(import.meta.dirname ?? ".", "../docs/reference/support.md");
const tables = { platforms: platformsTable(), versions: versionsTable() };

const page = Deno.readTextFileSync(file);
const rewritten = Object.entries(tables).reduce(replaceTable, page);

if (rewritten === page) {
  console.log("docs/reference/support.md has the tables of the last runs");
} else if (values.check) {
  console.error(
    "docs/reference/support.md has other tables than the last runs: " +
      "deno run -A scripts/support_tables.ts writes them",
  );
  Deno.exit(1);
} else {
  Deno.writeTextFileSync(file, rewritten);
  console.log("docs/reference/support.md now has the tables of the last runs");
}

/** Puts a table between the two marks that have its name. */
function replaceTable(text: string, [name, table]: [string, string]): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [before, rest] = halves(text, begin);
  const [, after] = halves(rest, end);
  return `${before}${begin}\n\n${table}\n\n${end}${after}`;
}

function halves(text: string, mark: string): [string, string] {
  const index = text.indexOf(mark);
  if (index < 0) throw new Error(`support.md lacks ${mark}`);
  return [text.slice(0, index), text.slice(index + mark.length)];
}
