/**
 * The mappings of a process on Linux, by `/proc/pid/maps` and `/proc/pid/smaps`.
 *
 * @module
 */
import type { AdvisedFailure } from "../contract/memory.ts";
import type { Regions } from "../contract/regions.ts";
import { parseMaps } from "./maps.ts";
import { type Reader, readText } from "./text.ts";

/** The advice where even this process is not found. */
const NO_PROC = "/proc, which tells what is mapped, is not mounted: mount it";

/**
 * Reads the files. The kernel gives one part at a time, each from the address on at which the
 * last one ended: so reading comes to an end however much is mapped meanwhile.
 */
export function linuxRegions(library: Reader): Regions {
  const fileOf = (pid: number | string, resident: boolean) =>
    `/proc/${pid}/${resident ? "smaps" : "maps"}`;

  return {
    fileOf,

    list({ pid = "self", resident }) {
      const text = readText(library, fileOf(pid, resident));
      if (typeof text === "string") return parseMaps(text, resident);
      // A process is missing only where this one is found.
      const isProcThere = text.code !== "ENOENT" ||
        typeof readText(library, "/proc/self/maps") === "string";
      return isProcThere ? text : { ...text, advice: NO_PROC } satisfies AdvisedFailure;
    },
  };
}
