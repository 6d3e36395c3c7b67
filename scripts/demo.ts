/**
 * Runs the quickstart in Deno, Bun and Node.js, one after the other.
 *
 * @module
 */
import { readArguments } from "./tools/arguments.ts";
import { RUNTIMES } from "./tools/suite.ts";

const USAGE = `Usage: npm run demo

Runs the quickstart in Deno, Bun and Node.js, one after the other.

Options:
  -h, --help  print this`;

const PROGRAM = "examples/quickstart.ts";
const FLAGS = { deno: ["run", "--allow-ffi"], bun: ["run"], node: ["--no-warnings"] };

readArguments({ usage: USAGE });

for (const name of ["deno", "bun", "node26"]) {
  const { runner, program } = RUNTIMES[name]!;
  console.log(`\n== ${name} ==`);
  const { success } = await new Deno.Command(program, {
    args: [...FLAGS[runner], PROGRAM],
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  if (!success) Deno.exit(1);
}
