/**
 * Writing to where the command's output goes.
 *
 * @module
 */
import { files, runtime, util } from "./runtime.ts";

/** The standard output. */
export const STDOUT = 1;
/** The standard error. */
export const STDERR = 2;

/** How many bytes a pipe takes whole or not at all: `PIPE_BUF` of Linux. */
const PART_BYTE_LENGTH = 4096;
/** How long to wait for a pipe that is full and does not wait itself, in ms. */
const PAUSE_MS = 5;

/** What an error of the runtime tells. */
interface SystemError {
  readonly name?: unknown;
  readonly code?: unknown;
}

/**
 * Writes all of a text, or what the other side takes of it: one that has closed
 * its end, as `head` does, has what it wants.
 */
export function write(descriptor: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let start = 0; start < bytes.length;) {
    try {
      start += files().writeSync(descriptor, bytes.subarray(start, start + PART_BYTE_LENGTH));
    } catch (error) {
      const { name, code } = error as SystemError;
      // Deno before 2.2 has names alone; Windows says EOF.
      if (code === "EPIPE" || code === "EOF" || name === "BrokenPipe") return;
      if (code !== "EAGAIN" && name !== "WouldBlock") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}

/** Makes a text bold where the output is a terminal, and nobody asked for none: {@link https://no-color.org}. */
export function bold(text: string): string {
  if (runtime.stdout.isTTY !== true || runtime.env["NO_COLOR"]) return text;
  return util().styleText("bold", text, { validateStream: false }); // that was done
}

/** How many columns a line has: those of the terminal, but at least, and without one, 80. */
export function width(): number {
  const { isTTY, columns = 0 } = runtime.stdout;
  return isTTY === true && columns > 80 ? columns : 80;
}
