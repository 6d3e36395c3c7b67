/**
 * The mappings of a process on Linux, by `/proc/pid/maps` and `/proc/pid/smaps`.
 *
 * @module
 */
import type { AdvisedFailure } from "../contract/memory.ts";
import type { Regions } from "../contract/regions.ts";
import { isPast, linesWithin, parseMaps } from "./maps.ts";
import { type Reader, readText } from "./text.ts";

/** The advice if not even this process is found. */
const NO_PROC = "/proc, which lists the mappings, is not mounted: mount it";

/**
 * Reads the files. The kernel returns one part at a time, and starts each part at the address where
 * the last one ended. So reading always ends, however much is mapped meanwhile.
 */
export function linuxRegions(library: Reader): Regions {
  const fileOf = (pid: number | string, resident: boolean) =>
    `/proc/${pid}/${resident ? "smaps" : "maps"}`;

  return {
    fileOf,

    list({ pid = "self", resident, within }) {
      const file = fileOf(pid, resident);
      if (within !== undefined && !resident) {
        const text = readText(library, file, (part) => isPast(part, within));
        return typeof text === "string" ? parseMaps(linesWithin(text, within), false) : text;
      }
      const text = readText(library, file);
      if (typeof text === "string") return parseMaps(text, resident);
      // ENOENT means a missing process only if /proc shows this one.
      const isProcThere = text.code !== "ENOENT" ||
        typeof readText(library, "/proc/self/maps") === "string";
      return isProcThere ? text : { ...text, advice: NO_PROC } satisfies AdvisedFailure;
    },
  };
}
