/**
 * The memory and the threads of a process on Linux, as its limits count them.
 *
 * @module
 */
import { type CLibrary, limitReader } from "../posix/library.ts";
import type { ThreadLimit, UsedMemory } from "../posix/thread_room.ts";
import { CAP_SYS_ADMIN, CAP_SYS_RESOURCE, RLIMIT_NPROC } from "./calls.ts";
import { threadFolders } from "./control_groups.ts";
import { isCapable } from "./locking.ts";
import { anyText } from "./text.ts";

/**
 * Makes the function that reads how much memory the process uses, from
 * {@link https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html}. (Mapping that much and
 * unmapping it again would leave other threads without memory in between.)
 */
export function linuxUsedMemory(library: CLibrary): () => UsedMemory | undefined {
  const read = anyText(library);
  return () => {
    const pages = read("/proc/self/statm").trim().split(" ").map(Number);
    if (pages.length < 6) return undefined;
    // size resident shared text lib data dt: stacks count as data
    const { pageSize } = library;
    return { addressBytes: pages[0]! * pageSize, dataBytes: pages[5]! * pageSize };
  };
}

/**
 * Makes the function that lists the limits of threads: those of control groups, such as a
 * container's, and that of the user. All processes of the user count towards the latter, but only
 * the number of threads of this process is known.
 */
export function linuxThreadLimits(library: CLibrary): () => ThreadLimit[] {
  const read = anyText(library);
  const limitOf = limitReader(library);
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
