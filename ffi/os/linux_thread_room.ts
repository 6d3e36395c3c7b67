/**
 * How much memory a process of Linux has, as its limits count it.
 *
 * @module
 */
import type { Native, SymbolTable } from "../symbols.ts";
import { cString } from "./c_string.ts";
import { O_RDONLY } from "./posix_files.ts";
import type { UsedMemory } from "./posix_thread_room.ts";

const FUNCTIONS = {
  // int open(const char *pathname, int flags, ...): no file is made
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count)
  read: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies SymbolTable;

/** Seven numbers. */
const TEXT_BYTES = 256;

/**
 * Opens what tells it: {@link https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html}. To map as much, and
 * unmap it again, would tell it too, but leave other threads without memory in the meantime.
 */
export function linuxUsedMemory(
  native: Native,
  library: string,
  pageSize: number,
  O_CLOEXEC: number,
): () => UsedMemory | undefined {
  const { open, read, close } = native.open(library, FUNCTIONS);
  return () => {
    const file = open(cString("/proc/self/statm"), O_RDONLY | O_CLOEXEC);
    if (file === -1) return undefined;
    const text = new Uint8Array(TEXT_BYTES);
    const length = Number(read(file, text, BigInt(TEXT_BYTES)));
    close(file);
    if (length <= 0) return undefined;
    const pages = new TextDecoder().decode(text.subarray(0, length)).trim().split(" ").map(Number);
    // size resident shared text lib data dt: the data is that of stacks, too
    return { addressBytes: pages[0]! * pageSize, dataBytes: pages[5]! * pageSize };
  };
}
