/**
 * The command's output: writing, bold text, the width of lines, and tables.
 *
 * @module
 */
import { fs, runtime, util } from "./runtime.ts";
import { shortened } from "./text.ts";

/** The standard output. */
export const STDOUT = 1;
/** The standard error. */
export const STDERR = 2;

/** The longest write to a pipe that is atomic: `PIPE_BUF` of Linux. */
const CHUNK_BYTE_LENGTH = 4096;
/** The pause before another write to a full non-blocking pipe, in milliseconds. */
const PAUSE_MS = 5;

/** An error of the runtime. */
interface SystemError {
  readonly name?: unknown;
  readonly code?: unknown;
}

/**
 * Writes a text. Ends without an error if the reader closes its end of a pipe, as
 * `head` does.
 */
export function write(descriptor: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let start = 0; start < bytes.length;) {
    try {
      start += fs().writeSync(descriptor, bytes.subarray(start, start + CHUNK_BYTE_LENGTH));
    } catch (error) {
      const { name, code } = error as SystemError;
      // Deno before 2.2 sets only the name; Windows reports EOF.
      if (code === "EPIPE" || code === "EOF" || name === "BrokenPipe") return;
      if (code !== "EAGAIN" && name !== "WouldBlock") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}

/** Makes a text bold on a terminal, unless `NO_COLOR` is set: {@link https://no-color.org}. */
export function bold(text: string): string {
  if (runtime.stdout.isTTY !== true || runtime.env["NO_COLOR"]) return text;
  return util().styleText("bold", text, { validateStream: false }); // checked above
}

/** The number of columns of a line: the width of the terminal, but at least 80. */
export function width(): number {
  const { isTTY, columns = 0 } = runtime.stdout;
  return isTTY === true && columns > 80 ? columns : 80;
}

/** The columns of numbers, which are aligned to the right. */
const NUMBERS = ["ADDRESS", "LENGTH", "RESIDENT", "OWNER"];

/** Returns a table with a line below it. Its last column is shortened to the width. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  summary: string,
): string {
  const widths = heads.map((head, column) =>
    rows.reduce((most, row) => Math.max(most, row[column]!.length), head.length)
  );
  const last = heads.length - 1;
  const used = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 0);
  const room = width() - used;
  const lineOf = (row: readonly string[]) =>
    row.map((cell, column) => {
      if (column === last) return shortened(cell, room);
      const isNumber = NUMBERS.includes(heads[column]!);
      return isNumber ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!);
    }).join("  ").trimEnd();
  return [bold(lineOf(heads)), ...rows.map(lineOf), summary, ""].join("\n");
}
