/**
 * Writes the table of the platforms into the README; with `--check` it only
 * compares, and ends with code 1 where the README has another one.
 *
 * @module
 */
import { join } from "node:path";
import { readResults, renderTable } from "./results.ts";

const begin = "<!-- platforms:begin -->";
const end = "<!-- platforms:end -->";
const file = join(import.meta.dirname ?? ".", "../../README.md");

const readme = Deno.readTextFileSync(file);
const [before, rest] = halves(readme, begin);
const [, after] = halves(rest, end);
const table = renderTable(readResults());
const rewritten = `${before}${begin}\n\n${table}\n\n${end}${after}`;

if (rewritten === readme) {
  console.log("README.md has the table of the last run");
} else if (Deno.args.includes("--check")) {
  console.error(
    "README.md has another table than the last run: " +
      "deno run -A scripts/platforms/readme_table.ts writes it",
  );
  Deno.exit(1);
} else {
  Deno.writeTextFileSync(file, rewritten);
  console.log("README.md now has the table of the last run");
}

function halves(text: string, mark: string): [string, string] {
  const index = text.indexOf(mark);
  if (index < 0) throw new Error(`README.md lacks ${mark}`);
  return [text.slice(0, index), text.slice(index + mark.length)];
}
