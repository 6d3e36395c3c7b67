/**
 * The files in which the Linux kernel describes itself. The library reads them through the C
 * library, because Deno's own calls would require all permissions, although its FFI permits the
 * same.
 *
 * @module
 */
import { textDecoder } from "../../web.ts";
import type { Failure } from "../contract/memory.ts";
import { O_RDONLY, POSIX } from "../posix/calls.ts";
import type { CLibrary } from "../posix/library.ts";
import { LINUX } from "./calls.ts";

/** More than the kernel returns at a time. */
const PART_BYTE_LENGTH = 16_384;

/** The parts of a C library that reading needs. */
export type Reader = Pick<CLibrary, "open" | "openFile" | "failed">;

/** Passes the parts of a file to `take`, one at a time, until it returns true. */
export function readParts(
  { open, openFile, failed }: Reader,
  path: string,
  take: (part: Uint8Array) => unknown,
): Failure | undefined {
  const file = openFile(path, O_RDONLY);
  if (typeof file !== "number") return file;
  const { read } = open(LINUX, "read");
  const bytes = new Uint8Array(PART_BYTE_LENGTH);
  try {
    for (;;) {
      const count = Number(read(file, bytes, BigInt(bytes.length)));
      if (count <= 0) return count === 0 ? undefined : failed("read");
      if (take(bytes.subarray(0, count)) === true) return undefined;
    }
  } finally {
    open(POSIX, "close").close(file);
  }
}

/** Returns the text of a file, up to the part that `isLast` tells. */
export function readText(
  library: Reader,
  path: string,
  isLast: (part: string) => boolean = () => false,
): string | Failure {
  const decoder = textDecoder();
  let text = "";
  const failure = readParts(library, path, (bytes) => {
    const part = decoder.decode(bytes, { stream: true });
    text += part;
    return isLast(part);
  });
  return failure ?? text + decoder.decode();
}

/** Returns the text of a file; `""` for a file that cannot be read. */
export type AnyText = (path: string) => string;

/** Makes an {@linkcode AnyText}. */
export function anyText(library: Reader): AnyText {
  return (path) => {
    const text = readText(library, path);
    return typeof text === "string" ? text : "";
  };
}
