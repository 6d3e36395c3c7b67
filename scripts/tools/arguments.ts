/**
 * The command line of the scripts: options as `parseArgs()` of `node:util` takes
 * them, `--help`, and an end with code 2 where something is wrong with them.
 *
 * @module
 */
import process from "node:process";
import { parseArgs, type ParseArgsConfig } from "node:util";

/** The arguments of a script. */
export interface Arguments
  extends Pick<ParseArgsConfig, "options" | "allowPositionals" | "tokens"> {
  /** The text of `--help`. */
  readonly usage: string;
  /** The greatest number of positionals, if they are allowed. Default: any number. */
  readonly maxPositionals?: number;
}

/** Reads the arguments. Ends the process where they ask for help, and where one is not known. */
export function readArguments<const T extends Arguments>(
  config: T,
): ReturnType<typeof parseArgs<T>> {
  const { usage, maxPositionals = Infinity, options } = config;
  try {
    const parsed = parseArgs({
      ...config,
      args: process.argv.slice(2),
      options: { ...options, help: { type: "boolean", short: "h" } },
      strict: true,
    });
    if ("help" in parsed.values) {
      console.log(usage);
      process.exit(0);
    }
    const extra = parsed.positionals[maxPositionals];
    if (extra !== undefined) refuse(`Unexpected argument '${extra}'`);
    return parsed as ReturnType<typeof parseArgs<T>>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith("ERR_PARSE_ARGS_")) throw error;
    refuse(message.split(/\.\s/, 1)[0]!); // what follows is advice about dashes
  }
}

/** The number that is given as `name`. Ends the process where it is none. */
export function wholeNumber(name: string, text: string): number {
  const number = Number(text.replaceAll("_", ""));
  // Number() takes an empty text for 0.
  if (/^\d/.test(text) && Number.isSafeInteger(number)) return number;
  refuse(`${name} must be a whole number, got '${text}'`);
}

/** Says what is wrong with the arguments, and ends the process. */
export function refuse(message: string): never {
  console.error(`${message}. Try --help`);
  process.exit(2);
}
