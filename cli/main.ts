/**
 * The command line: which command, with which options, and how it ends.
 *
 * @module
 */
import { info } from "./info.ts";
import { STDERR, STDOUT, write } from "./output.ts";
import { listRegions } from "./regions.ts";
import { runtime, util } from "./runtime.ts";
import { type Arguments, UsageError } from "./usage.ts";

const HELP = `Usage: sysalloc info [--json]
       sysalloc regions [PID] [--resident] [--json]

Tells what memory this system has to map, and what is mapped.

Commands:
  info            page sizes and limits, what each means, and how to raise it
  regions [PID]   every mapping of the command's own process or, on Linux, of
                  another one

Options:
      --json      print JSON: sizes in bytes, addresses as hexadecimal strings
      --resident  tell what of each mapping is in RAM
  -h, --help      print this

In Deno it needs --allow-ffi, and --allow-all for what it reads in /proc: the
limits of Linux, and other processes.

Exits with 0, with 1 if it fails, with 2 if it is used wrongly. What info is
not permitted to know is named as such, and is no failure.
`;

/** A command: returns what it prints. */
type Command = (given: Arguments) => string;

const COMMANDS: Readonly<Record<string, Command>> = { info, regions: listRegions };

/** Runs the command that the arguments name; returns how it exits. */
export function main(args: readonly string[]): number {
  // That node:ffi is experimental is no news to who reads a table.
  runtime.removeAllListeners("warning");
  try {
    write(STDOUT, run(args));
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isUsage = error instanceof UsageError;
    // npx has no koffi beside the package, wherever it is installed.
    const hint = isUsage
      ? '\nTry "sysalloc --help"'
      : message.includes("npm install koffi")
      ? "\nBy npx: npx -p sysalloc -p koffi@3 sysalloc"
      : "";
    write(STDERR, `sysalloc: ${message}${hint}\n`);
    return isUsage ? 2 : 1;
  }
}

/** Does what the arguments ask for; returns what is to be printed. */
export function run(args: readonly string[]): string {
  const { values, positionals } = parsed(args);
  if (values["help"]) return HELP;
  const [name, ...operands] = positionals;
  if (name === undefined) throw new UsageError("No command is given");
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new UsageError(`There is no command ${JSON.stringify(name)}`);
  const { json = false, resident = false } = values;
  return command({ json, resident, operands });
}

function parsed(args: readonly string[]): ReturnType<ReturnType<typeof util>["parseArgs"]> {
  try {
    return util().parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        json: { type: "boolean" },
        resident: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message.split(". ", 1)[0]); // without what is not asked for
  }
}
