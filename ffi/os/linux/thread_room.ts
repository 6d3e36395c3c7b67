/**
 * How much memory a process of Linux has, as its limits count it.
 *
 * @module
 */
import type { Native } from "../../symbols.ts";
import { anyText, linuxParts } from "./text.ts";
import type { PosixShared } from "../posix/calls.ts";
import type { ThreadLimit, UsedMemory } from "../posix/thread_room.ts";
import { posixLimits } from "../posix/limits.ts";
import { threadFolders } from "./control_groups.ts";
import { isCapable } from "./locking.ts";

/** `RLIMIT_NPROC`: {@link https://man7.org/linux/man-pages/man2/getrlimit.2.html} */
export const RLIMIT_NPROC = 6;
/** `CAP_SYS_ADMIN`: {@link https://man7.org/linux/man-pages/man7/capabilities.7.html} */
export const CAP_SYS_ADMIN = 21n;
/** `CAP_SYS_RESOURCE` */
export const CAP_SYS_RESOURCE = 24n;

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

/**
 * Opens what tells the limits of threads: those of control groups, as of a container, and that of
 * a user, with which all of the user's processes count. Nothing tells how many threads these have
 * together: those of this process are as many as are known.
 */
export function linuxThreadLimits(
  native: Native,
  opening: number,
  shared: PosixShared,
): () => ThreadLimit[] {
  const read = anyText(linuxParts(native, opening, shared));
  const limitOf = posixLimits(native, shared.library);
  return () => {
    const ofGroups = threadFolders(read).map((folder) => ({
      name: `the limit of this control group (${folder}/pids.max) is`,
      limit: numberIn(read(`${folder}/pids.max`)) ?? Infinity,
      used: numberIn(read(`${folder}/pids.current`)) ?? 0,
      raised: "docker run --pids-limit, TasksMax= of systemd",
    }));
    const status = read("/proc/self/status");
    const isExempt = [CAP_SYS_ADMIN, CAP_SYS_RESOURCE].some((each) => isCapable(status, each));
    const ofUser = {
      name: "RLIMIT_NPROC lets the processes of this user have",
      limit: isExempt ? Infinity : Number(limitOf(RLIMIT_NPROC) ?? Infinity),
      used: numberIn(/^Threads:\s+(\d+)/m.exec(status)?.[1] ?? "") ?? 0,
      raised: "ulimit -u",
    };
    return [...ofGroups, ofUser];
  };
}

function numberIn(text: string): number | undefined {
  return /^\d+/.test(text) ? parseInt(text) : undefined;
}
