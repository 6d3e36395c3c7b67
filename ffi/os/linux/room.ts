/**
 * The limits of mappings, addresses and memory on Linux.
 *
 * @module
 */
import { lazily } from "../../lazily.ts";
import type { Room } from "../contract/os.ts";
import { type CLibrary, limitReader } from "../posix/library.ts";
import { RLIMIT_AS, RLIMIT_DATA } from "./calls.ts";
import { linuxMemory, refusedMemory } from "./control_groups.ts";
import { anyText, type Reader, readParts } from "./text.ts";

const NEWLINE = 10;
/** The digit 2, the mode of overcommit that grants no more than there is. */
const NEVER = 50;

/** The number of answers about committable memory from one look. */
const LOOK_EVERY = 64;

/**
 * Returns how many bytes can be committed still, where the kernel grants no more than there is
 * ({@link https://docs.kernel.org/mm/overcommit-accounting.html}); it counts memory of
 * `MAP_NORESERVE` too, then.
 */
export function committableBytes(library: Reader): number {
  let mode: number | undefined;
  // No TextDecoder, which Deno would have to load.
  readParts(library, "/proc/sys/vm/overcommit_memory", (part) => mode = part[0]);
  if (mode !== NEVER) return Infinity;
  const meminfo = anyText(library)("/proc/meminfo");
  const bytesOf = (name: string) =>
    1024 * Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(meminfo)?.[1]);
  const left = Math.max(0, bytesOf("CommitLimit") - bytesOf("Committed_AS"));
  return Number.isNaN(left) ? Infinity : left;
}

/** Makes what tells how much can be mapped still. */
export function linuxRoom(library: CLibrary): Room {
  const limitOf = lazily(() => limitReader(library));
  const read = anyText(library);
  const shortageOf = linuxMemory(read);
  let looks = 0;
  let committable = Infinity;

  return {
    mappings() {
      const limit = Number(read("/proc/sys/vm/max_map_count"));
      if (limit === 0) return undefined;
      let count = 0;
      const failure = readParts(library, "/proc/self/maps", (part) => {
        for (let at = -1; (at = part.indexOf(NEWLINE, at + 1)) !== -1;) count++;
      });
      return failure === undefined ? { count, limit, name: "vm.max_map_count" } : undefined;
    },

    refuseMemory(byteLength, remedy) {
      const shortage = shortageOf(byteLength);
      return shortage && refusedMemory(shortage, remedy);
    },

    byteLimits() {
      const limit = (resource: number) => Number(limitOf()(resource) ?? Infinity);
      return { addresses: limit(RLIMIT_AS), data: limit(RLIMIT_DATA) };
    },

    committable() {
      if (looks++ % LOOK_EVERY === 0) committable = committableBytes(library);
      return committable;
    },
  };
}
