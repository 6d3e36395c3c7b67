/**
 * Builds and runs a program that uses the package in the ways that people do.
 *
 * @module
 */
import { readArguments, refuse } from "../arguments.ts";
import { locked } from "../matrix/cache.ts";
import { printSummary } from "../matrix/summary.ts";
import { EMBEDDINGS } from "./declared.ts";
import { chosen } from "./embedding.ts";
import { runEmbeddings } from "./run.ts";

const USAGE = `Usage: npm run test:embeddings -- [--short] [NAME]...

Builds and runs a program that uses the package as people do: by package managers,
bundlers, test runners and single executables. The package is the one in npm/, which
npm run build makes. The tools come from npm into .cache/matrix. One that cannot be
fetched is unavailable, and fails nothing. Linux x64.

Arguments:
  NAME         one of ${wrapped(EMBEDDINGS.map(({ name }) => name))}
               (default: all)

Options:
      --short  run only those that CI runs
  -h, --help   print this`;

const { values, positionals: names } = readArguments({
  usage: USAGE,
  options: { short: { type: "boolean" } },
  allowPositionals: true,
});
const unknown = names.filter((name) => !EMBEDDINGS.some((one) => one.name === name));
if (unknown.length > 0) refuse(`Unknown: ${unknown.join(", ")}`);
using _lock = await locked("embeddings");
const records = await runEmbeddings(chosen(EMBEDDINGS, names, values.short ?? false));
Deno.exit(printSummary(records) ? 0 : 1);

/** Names in lines of a terminal's width. */
function wrapped(names: readonly string[]): string {
  return names.join(", ").replace(/(.{1,60}), /g, `$1,\n${" ".repeat(15)}`);
}
