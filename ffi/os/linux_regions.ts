/**
 * What is mapped, on Linux: `/proc/pid/maps` and `/proc/pid/smaps`.
 *
 * @module
 */
import type { Native, SymbolTable } from "../symbols.ts";
import { cString } from "./c_string.ts";
import { parseMaps } from "./linux_maps.ts";
import type { Failure } from "./mapper.ts";
import type { PosixShared } from "./posix_calls.ts";
import { O_RDONLY } from "./posix_files.ts";
import type { Regions } from "./regions.ts";

const FUNCTIONS = {
  // int open(const char *pathname, int flags, ...), which reads nothing but these two here
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count)
  read: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies SymbolTable;

const INITIAL_BYTE_LENGTH = 65_536;
/** More than the kernel gives at a time. */
const MIN_ROOM = 16_384;

/**
 * Opens the calls. The library reads the files itself: Deno's own calls would want all
 * permissions for what the FFI permits anyway. The kernel gives a part at a
 * time, each from the address on where the last one ended: however much is
 * mapped meanwhile, that comes to an end.
 */
export function linuxRegions(
  native: Native,
  opening: number,
  { library, failed }: PosixShared,
): Regions {
  const c = native.open(library, FUNCTIONS);
  const decoder = new TextDecoder();

  const read = (path: string): string | Failure => {
    const file = c.open(cString(path), O_RDONLY | opening);
    if (file === -1) return failed("open");
    try {
      let bytes = new Uint8Array(INITIAL_BYTE_LENGTH);
      let length = 0;
      for (;;) {
        if (bytes.length - length < MIN_ROOM) {
          const longer = new Uint8Array(2 * bytes.length);
          longer.set(bytes);
          bytes = longer;
        }
        const room = bytes.subarray(length);
        const count = Number(c.read(file, room, BigInt(room.length)));
        if (count === 0) return decoder.decode(bytes.subarray(0, length));
        if (count < 0) return failed("read");
        length += count;
      }
    } finally {
      c.close(file);
    }
  };

  const fileOf = (pid: number | string, resident: boolean) =>
    `/proc/${pid}/${resident ? "smaps" : "maps"}`;

  return {
    fileOf,

    list({ pid = "self", resident }) {
      const text = read(fileOf(pid, resident));
      return typeof text === "string" ? parseMaps(text, resident) : text;
    },
  };
}
