/**
 * What is mapped, on Linux: `/proc/pid/maps` and `/proc/pid/smaps`.
 *
 * @module
 */
import type { Native } from "../../symbols.ts";
import { parseMaps } from "./maps.ts";
import { linuxParts, wholeText } from "./text.ts";
import type { AdvisedFailure } from "../contract/memory.ts";
import type { PosixShared } from "../posix/calls.ts";
import type { Regions } from "../contract/regions.ts";

/** Where even this process cannot be found. */
const NO_PROC = "/proc is not mounted, which tells what is mapped";

/**
 * Opens the calls. The kernel gives a part at a time, each from the address on where the last
 * one ended: however much is mapped meanwhile, that comes to an end.
 */
export function linuxRegions(native: Native, opening: number, shared: PosixShared): Regions {
  const read = wholeText(linuxParts(native, opening, shared));
  const fileOf = (pid: number | string, resident: boolean) =>
    `/proc/${pid}/${resident ? "smaps" : "maps"}`;

  return {
    fileOf,

    list({ pid = "self", resident }) {
      const text = read(fileOf(pid, resident));
      if (typeof text === "string") return parseMaps(text, resident);
      // There is no process, or none of that number, only where there are those that are there.
      if (text.code !== "ENOENT" || typeof read("/proc/self/maps") === "string") return text;
      return { ...text, advice: NO_PROC } satisfies AdvisedFailure;
    },
  };
}
