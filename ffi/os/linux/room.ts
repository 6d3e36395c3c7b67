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
/**
 * The code of the digit 2: the mode of overcommit in which the kernel grants only memory that
 * exists.
 */
const NEVER = 50;

/** The number of calls that use one reading of the limits. */
const LOOK_EVERY = 64;
/** The same where nothing is limited: few enough to notice a limit that another process sets. */
const LOOK_RARELY = 512;

/**
 * Returns the number of bytes that can still be committed, if the kernel grants only memory that
 * exists ({@link https://docs.kernel.org/mm/overcommit-accounting.html}). In that mode it also
 * counts memory of `MAP_NORESERVE`.
 */
export function committableBytes(library: Reader): number {
  let mode: number | undefined;
  // Does not use TextDecoder, which Deno would have to load.
  readParts(library, "/proc/sys/vm/overcommit_memory", (part) => mode = part[0]);
  if (mode !== NEVER) return Infinity;
  const meminfo = anyText(library)("/proc/meminfo");
  const bytesOf = (name: string) =>
    1024 * Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(meminfo)?.[1]);
  const left = Math.max(0, bytesOf("CommitLimit") - bytesOf("Committed_AS"));
  return Number.isNaN(left) ? Infinity : left;
}

/** Makes the functions that read how much can still be mapped. */
export function linuxRoom(library: CLibrary): Room {
  const limitOf = lazily(() => limitReader(library));
  const read = anyText(library);
  const shortageOf = linuxMemory(read);
  const byteLimits = () => {
    const limit = (resource: number) => Number(limitOf()(resource) ?? Infinity);
    return { addresses: limit(RLIMIT_AS), data: limit(RLIMIT_DATA) };
  };
  let known = 0;
  let ceiling = Infinity;

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

    byteLimits,

    ceiling() {
      if (known-- > 0) return ceiling;
      const { addresses, data } = byteLimits();
      ceiling = Math.min(addresses, data, committableBytes(library));
      known = (ceiling === Infinity ? LOOK_RARELY : LOOK_EVERY) - 1;
      return ceiling;
    },
  };
}
