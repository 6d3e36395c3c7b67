/**
 * How much memory a process of Linux has, as its limits count it.
 *
 * @module
 */
import type { Native } from "../../symbols.ts";
import { anyText, linuxParts } from "./text.ts";
import type { PosixShared } from "../posix/calls.ts";
import type { UsedMemory } from "../posix/thread_room.ts";

/**
 * Opens what tells it: {@link https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html}. To map as much, and
 * unmap it again, would tell it too, but leave other threads without memory in the meantime.
 */
export function linuxUsedMemory(
  native: Native,
  opening: number,
  shared: PosixShared,
  pageSize: number,
): () => UsedMemory | undefined {
  const read = anyText(linuxParts(native, opening, shared));
  return () => {
    const pages = read("/proc/self/statm").trim().split(" ").map(Number);
    if (pages.length < 6) return undefined;
    // size resident shared text lib data dt: the data is that of stacks, too
    return { addressBytes: pages[0]! * pageSize, dataBytes: pages[5]! * pageSize };
  };
}
