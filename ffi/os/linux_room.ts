/**
 * What is left of what Linux lets a process map: how many mappings, and how many addresses.
 *
 * @module
 */
import type { Native, SymbolTable } from "../symbols.ts";
import { cString } from "./c_string.ts";
import { lazily } from "./lazily.ts";
import type { Room } from "./os.ts";
import { O_RDONLY } from "./posix_files.ts";
import { posixLimits } from "./posix_limits.ts";

/** `RLIMIT_AS`: {@link https://man7.org/linux/man-pages/man2/getrlimit.2.html} */
export const RLIMIT_AS = 9;
export const RLIMIT_DATA = 2;

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
const NEWLINE = 10;
const MAX_MAP_COUNT = "/proc/sys/vm/max_map_count";

/** Opens what tells how much can be mapped still. */
export function linuxRoom(native: Native, opening: number): Room {
  // Where there is room for all, as there mostly is, nothing is to be asked.
  const calls = lazily(() => native.open("libc.so.6", FUNCTIONS));
  const limits = lazily(() => posixLimits(native, "libc.so.6"));
  /** Gives the parts of a file in turn; tells whether it could be read to its end. */
  const read = (path: string, take: (part: Uint8Array) => void): boolean => {
    const c = calls();
    const file = c.open(cString(path), O_RDONLY | opening);
    if (file === -1) return false;
    const bytes = new Uint8Array(PART_BYTE_LENGTH);
    try {
      for (;;) {
        const count = Number(c.read(file, bytes, BigInt(bytes.length)));
        if (count <= 0) return count === 0;
        take(bytes.subarray(0, count));
      }
    } finally {
      c.close(file);
    }
  };

  return {
    mappings() {
      let limit = 0;
      const isLimited = read(MAX_MAP_COUNT, (part) => {
        limit = Number(new TextDecoder().decode(part)); // it comes in one
      });
      if (!isLimited) return undefined;
      let count = 0;
      const isRead = read("/proc/self/maps", (part) => {
        for (let at = -1; (at = part.indexOf(NEWLINE, at + 1)) !== -1;) count++;
      });
      return isRead ? { count, limit, name: "vm.max_map_count" } : undefined;
    },

    byteLimits() {
      const limit = (resource: number) => {
        const soft = limits()(resource);
        return soft === undefined ? Infinity : Number(soft);
      };
      return { addresses: limit(RLIMIT_AS), data: limit(RLIMIT_DATA) };
    },
  };
}
