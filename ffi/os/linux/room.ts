/**
 * What is left of what Linux lets a process map: how many mappings, and how many addresses.
 *
 * @module
 */
import type { Native } from "../../symbols.ts";
import { lazily } from "../../lazily.ts";
import { linuxMemory, refusedMemory } from "./control_groups.ts";
import { anyText, linuxParts, type ReadParts } from "./text.ts";
import type { Room } from "../contract/os.ts";
import type { PosixShared } from "../posix/calls.ts";
import { posixLimits } from "../posix/limits.ts";

/** `RLIMIT_AS`: {@link https://man7.org/linux/man-pages/man2/getrlimit.2.html} */
export const RLIMIT_AS = 9;
export const RLIMIT_DATA = 2;

const NEWLINE = 10;
/** The mode of overcommit in which no more is granted than there is: the digit 2. */
const NEVER = 50;
const MAX_MAP_COUNT = "/proc/sys/vm/max_map_count";

/** How often it is asked what can be committed until that is read again. */
const LOOK_EVERY = 64;

/**
 * How much can be committed still, where the kernel grants no more than there is
 * ({@link https://docs.kernel.org/mm/overcommit-accounting.html}): it counts what has
 * `MAP_NORESERVE`, too, then.
 */
export function committableBytes(read: ReadParts): number {
  let mode: number | undefined;
  read("/proc/sys/vm/overcommit_memory", (part) => mode = part[0]); // no TextDecoder: Deno loads that
  if (mode !== NEVER) return Infinity;
  const meminfo = anyText(read)("/proc/meminfo");
  const { 0: limit, 1: committed } = ["CommitLimit", "Committed_AS"].map((name) =>
    1024 * Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(meminfo)?.[1])
  ) as unknown as readonly [number, number];
  const left = Math.max(0, limit - committed);
  return Number.isNaN(left) ? Infinity : left;
}

/** Opens what tells how much can be mapped still. */
export function linuxRoom(native: Native, opening: number, shared: PosixShared): Room {
  // Where there is room for all, as there mostly is, nothing is to be asked.
  const limits = lazily(() => posixLimits(native, shared.library));
  const read = linuxParts(native, opening, shared);
  const text = anyText(read);
  const shortageOf = linuxMemory(text);
  let looks = 0;
  let committable = Infinity;

  return {
    mappings() {
      const limit = Number(text(MAX_MAP_COUNT));
      if (limit === 0) return undefined;
      let count = 0;
      const failure = read("/proc/self/maps", (part) => {
        for (let at = -1; (at = part.indexOf(NEWLINE, at + 1)) !== -1;) count++;
      });
      return failure === undefined ? { count, limit, name: "vm.max_map_count" } : undefined;
    },

    refuseMemory(byteLength, remedy) {
      const shortage = shortageOf(byteLength);
      return shortage && refusedMemory(shortage, remedy);
    },

    byteLimits() {
      const limit = (resource: number) => {
        const soft = limits()(resource);
        return soft === undefined ? Infinity : Number(soft);
      };
      return { addresses: limit(RLIMIT_AS), data: limit(RLIMIT_DATA) };
    },

    committable() {
      if (looks++ % LOOK_EVERY === 0) committable = committableBytes(read);
      return committable;
    },
  };
}
