/**
 * The command line: parses the arguments, runs a command, and reports errors.
 *
 * @module
 */
import { info } from "./info.ts";
import { STDERR, STDOUT, write } from "./output.ts";
import { listRegions } from "./regions.ts";
import { runtime, util } from "./runtime.ts";
import { listShared } from "./shared.ts";
import { type Arguments, UsageError } from "./usage.ts";

const HELP = `Usage: sysalloc info [--json]
       sysalloc regions [PID] [--resident] [--json]
       sysalloc shared [--json]
       sysalloc shared --remove NAME...

Prints this system's limits for mapped memory, the mappings of a process, and
the names of shared memory.

Commands:
  info            page sizes and limits, what they mean, and how to raise them
  regions [PID]   every mapping of the command's own process, or on Linux of
                  another process
  shared          the names of shared memory, with the processes that have it
                  mapped; not on Windows

Options:
      --json      print JSON: sizes in bytes, addresses as hexadecimal strings
      --resident  print how much of each mapping is in RAM
      --remove    remove names; processes that have the memory mapped keep it
  -h, --help      print this help

In Deno the command needs --allow-ffi, and --allow-all to read the limits of
Linux and other processes in /proc.

The exit code is 0 for success, 1 for a failure, and 2 for wrong usage. A fact
that info is not permitted to read is listed as such, and is no failure.
`;

/** A command, which returns its output. */
type Command = (given: Arguments) => string;

const COMMANDS: Readonly<Record<string, Command>> = {
  info,
  regions: listRegions,
  shared: listShared,
};

/** Runs the command line, and prints the output or the error; returns the exit code. */
export function main(args: readonly string[]): number {
  // The ExperimentalWarning of node:ffi does not concern users of the command.
  runtime.removeAllListeners("warning");
  try {
    write(STDOUT, run(args));
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isUsage = error instanceof UsageError;
    // npx installs the package without koffi, even if koffi is installed elsewhere.
    const hint = isUsage
      ? '\nTry "sysalloc --help"'
      : message.includes("npm install koffi")
      ? "\nWith npx: npx -p sysalloc -p koffi@3 sysalloc"
      : "";
    write(STDERR, `sysalloc: ${message}${hint}\n`);
    return isUsage ? 2 : 1;
  }
}

/** Runs the command that the arguments name; returns its output. */
export function run(args: readonly string[]): string {
  const { values, positionals } = parsed(args);
  if (values["help"]) return HELP;
  const [name, ...operands] = positionals;
  if (name === undefined) throw new UsageError("No command is given");
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new UsageError(`There is no command ${JSON.stringify(name)}`);
  const { json = false, resident = false, remove = false } = values;
  if (remove && name !== "shared") {
    throw new UsageError("The option --remove is for the command shared");
  }
  if (resident && name !== "regions") {
    throw new UsageError("The option --resident is for the command regions");
  }
  return command({ json, resident, remove, operands });
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
        remove: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message.split(". ", 1)[0]); // the rest is advice on "--"
  }
}
