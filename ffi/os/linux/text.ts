/**
 * Text that the kernel of Linux tells in files. The library reads these itself: Deno's own
 * calls would want all permissions for what the FFI permits anyway.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { cString } from "../posix/c_string.ts";
import { lazily } from "../../lazily.ts";
import { textDecoder } from "../../web.ts";
import type { Failure } from "../contract/memory.ts";
import type { PosixShared } from "../posix/calls.ts";
import { O_RDONLY } from "../posix/files.ts";

const FUNCTIONS = {
  // int open(const char *pathname, int flags, ...), which reads nothing but these two here
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count)
  read: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies SymbolTable;

/** More than the kernel gives at a time. */
const PART_BYTE_LENGTH = 16_384;

/** Gives the parts of a file in turn. */
export type ReadParts = (path: string, take: (part: Uint8Array) => void) => Failure | undefined;

/** Opens what reads; `opening` are the flags of `open`. */
export function linuxParts(
  native: Native,
  opening: number,
  { library, failed }: PosixShared,
): ReadParts {
  const calls = lazily(() => native.open(library, FUNCTIONS));
  return (path, take) => {
    const c = calls();
    const file = c.open(cString(path), O_RDONLY | opening);
    if (file === -1) return failed("open");
    const bytes = new Uint8Array(PART_BYTE_LENGTH);
    try {
      for (;;) {
        const count = Number(c.read(file, bytes, BigInt(bytes.length)));
        if (count <= 0) return count === 0 ? undefined : failed("read");
        take(bytes.subarray(0, count));
      }
    } finally {
      c.close(file);
    }
  };
}

/** Makes what returns a whole file. */
export function wholeText(read: ReadParts): (path: string) => string | Failure {
  return (path) => {
    const decoder = textDecoder();
    let text = "";
    const failure = read(path, (part) => {
      text += decoder.decode(part, { stream: true });
    });
    return failure ?? text + decoder.decode();
  };
}

/** The same, with `""` for a file that cannot be read. */
export function anyText(read: ReadParts): (path: string) => string {
  const whole = wholeText(read);
  return (path) => {
    const text = whole(path);
    return typeof text === "string" ? text : "";
  };
}
