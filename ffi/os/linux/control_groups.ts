/**
 * The memory that a process on Linux can get, which the machine and its control groups limit, such
 * as those of a container
 * ({@link https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files},
 * {@link https://docs.kernel.org/admin-guide/cgroup-v1/memory.html}).
 *
 * @module
 */

import { least } from "../../bigints.ts";
import { type AdvisedFailure, refusal } from "../contract/memory.ts";
import type { AnyText } from "./text.ts";

/** Too little memory, of the machine or of a control group. */
export interface MemoryShortage {
  /** The bytes that are left. */
  readonly byteLength: bigint;
  /**
   * The limit of the control group and its file; `undefined` if the machine itself is short of
   * memory.
   */
  readonly limit: { readonly byteLength: bigint; readonly path: string } | undefined;
}

/** The memory of the machine: {@link https://man7.org/linux/man-pages/man5/proc_meminfo.5.html} */
const MEMINFO = "/proc/meminfo";
/** The groups of this process: {@link https://man7.org/linux/man-pages/man7/cgroups.7.html} */
const GROUPS = "/proc/self/cgroup";
/** The mounts that show them: {@link https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html} */
const MOUNTS = "/proc/self/mountinfo";

/**
 * A limit of version 1 from this number on means no limit: its greatest value is 2^63 rounded down
 * to pages.
 */
export const NO_LIMIT: bigint = 1n << 62n;

/** The groups of one kind in one version of control groups. */
interface Hierarchy {
  /** Finds the path of the process's group in {@linkcode GROUPS}. */
  readonly group: RegExp;
  /** Finds a mount in a line of {@linkcode MOUNTS}: the group that it shows, and its folder. */
  readonly mount: RegExp;
}

/** The files of the memory controller in one version of control groups. */
interface Version extends Hierarchy {
  /** The files of a limit and of the usage that counts towards it. */
  readonly memory: readonly [limit: string, usage: string];
  readonly swap: readonly [limit: string, usage: string];
  /** Whether the limit of swap space includes memory. */
  readonly isSwapWithMemory: boolean;
  /**
   * Finds the bytes in `memory.stat` that the kernel can reclaim, including those of the groups
   * below.
   */
  readonly reclaimable: RegExp;
}

const SECOND: Hierarchy = {
  group: /^0::(.*)$/m,
  mount: /^\S+ \S+ \S+ (\S+) (\S+) .* - cgroup2 /,
};
/** Returns the groups of a controller in version 1. */
const first = (controller: string): Hierarchy => ({
  group: new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, "m"),
  mount: new RegExp(
    `^\\S+ \\S+ \\S+ (\\S+) (\\S+) .* - cgroup \\S+ (?:\\S*,)?${controller}(?:,|$)`,
  ),
});

const versions = (): readonly Version[] => [
  {
    ...SECOND,
    memory: ["memory.max", "memory.current"],
    swap: ["memory.swap.max", "memory.swap.current"],
    isSwapWithMemory: false,
    reclaimable: /^(?:(?:in)?active_file|slab_reclaimable) (\d+)$/gm,
  },
  {
    ...first("memory"),
    memory: ["memory.limit_in_bytes", "memory.usage_in_bytes"],
    swap: ["memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes"],
    isSwapWithMemory: true,
    reclaimable: /^total_(?:in)?active_file (\d+)$/gm,
  },
];

/** A group and its ancestors, as one mount shows them. */
interface Lineage<V extends Hierarchy = Version> {
  readonly version: V;
  /** The folders, from the uppermost group down. */
  readonly folders: readonly string[];
}

/**
 * Returns a function that looks for a shortage of memory in the machine, the process's control
 * group, and the groups above it. The kernel grants memory that they lack, and then kills a
 * process.
 *
 * The usage of a group includes the page cache, which fills any limit, but which the kernel
 * reclaims when memory is needed. So the page cache counts as free here, as in the kernel's own
 * `MemAvailable`, and so does free swap space. Only anonymous and shared memory, locked pages and
 * the kernel's own memory count as used.
 */
export function linuxMemory(read: AnyText): (byteLength: bigint) => MemoryShortage | undefined {
  // The groups of a process can change, so they are read each time. The mounts take the longest to
  // read and hardly ever change.
  let known: { readonly groups: string; readonly lineages: readonly Lineage[] } | undefined;

  return (byteLength) => {
    const meminfo = read(MEMINFO);
    const available = numberOf(/^MemAvailable: +(\d+) kB/m.exec(meminfo));
    const swap = 1024n * (numberOf(/^SwapFree: +(\d+) kB/m.exec(meminfo)) ?? 0n);
    const machine = available === undefined ? undefined : 1024n * available + swap;
    if (machine !== undefined && !fits(byteLength, machine)) {
      return { byteLength: machine, limit: undefined };
    }
    const groups = read(GROUPS);
    if (groups === "") return undefined;
    if (known?.groups !== groups) {
      known = { groups, lineages: lineagesOf(versions(), groups, read(MOUNTS)) };
    }
    return known.lineages.reduce<MemoryShortage | undefined>(
      (found, lineage) => found ?? shortageIn(read, lineage, swap, byteLength),
      undefined,
    );
  };
}

/** Makes the refusal of memory. `remedy` is the advice for needing less. */
export function refusedMemory(
  { byteLength, limit }: MemoryShortage,
  remedy: string,
): AdvisedFailure {
  const room = `${byteLength} are left, and a program can get nine tenths of these: ${remedy}`;
  return refusal(
    "ENOMEM",
    limit === undefined
      ? `of the memory of the machine, in bytes, ${room}`
      : `the limit of this control group is ${limit.byteLength} bytes of memory (${limit.path}), ` +
        `${room}, or raise the limit (docker run --memory, MemoryMax= of systemd)`,
  );
}

/** Returns the files of the limits of all control groups that the process is in. */
export function limitFiles(read: AnyText): string[] {
  return lineagesOf(versions(), read(GROUPS), read(MOUNTS)).flatMap(({ version, folders }) =>
    folders.map((folder) => `${folder}/${version.memory[0]}`)
  );
}

/** Returns the folders of all control groups that can limit the threads of the process. */
export function threadFolders(read: AnyText): string[] {
  return lineagesOf([SECOND, first("pids")], read(GROUPS), read(MOUNTS))
    .flatMap(({ folders }) => folders);
}

/** Finds the groups of the process in the texts of {@linkcode GROUPS} and {@linkcode MOUNTS}. */
function lineagesOf<V extends Hierarchy>(
  versions: readonly V[],
  groups: string,
  mounts: string,
): readonly Lineage<V>[] {
  const lines = mounts.split("\n");
  return versions.flatMap((version) => {
    const path = version.group.exec(groups)?.[1];
    return path === undefined ? [] : lines.flatMap((line) => {
      const match = version.mount.exec(line);
      if (match === null) return [];
      return [{ version, folders: foldersOf(path, unescaped(match[1]!), unescaped(match[2]!)) }];
    });
  });
}

/** Finds the first group, from the uppermost down, that cannot provide so many bytes. */
function shortageIn(
  read: AnyText,
  { version, folders }: Lineage,
  freeSwap: bigint,
  byteLength: bigint,
): MemoryShortage | undefined {
  const { memory, swap, isSwapWithMemory, reclaimable } = version;
  const leftOf = (folder: string, files: Version["memory"]) => {
    const limit = numberOf(/^(\d+)/.exec(read(`${folder}/${files[0]}`)));
    if (limit === undefined || limit >= NO_LIMIT) return undefined;
    const usage = numberOf(/^(\d+)/.exec(read(`${folder}/${files[1]}`)));
    return usage === undefined ? undefined : { limit, left: limit - usage };
  };
  let swapLeft = freeSwap;
  for (let depth = 0; depth < folders.length; depth++) {
    const folder = folders[depth]!;
    const own = leftOf(folder, memory);
    const ownSwap = swapLeft > 0n ? leftOf(folder, swap)?.left : undefined;
    if (ownSwap !== undefined) {
      swapLeft = least(swapLeft, isSwapWithMemory ? ownSwap - (own?.left ?? 0n) : ownSwap);
    }
    if (own === undefined || fits(byteLength, own.left)) continue;
    const stat = read(`${folder}/memory.stat`);
    const room = [...stat.matchAll(reclaimable)]
      .reduce((sum, match) => sum + BigInt(match[1]!), own.left + swapLeft);
    if (fits(byteLength, room)) continue;
    const limit = { byteLength: own.limit, path: `${folder}/${memory[0]}` };
    return { byteLength: room > 0n ? room : 0n, limit };
  }
  return undefined;
}

/**
 * Returns the folders of a group and of its ancestors, from the uppermost that the mount shows. The
 * paths of the group and of the mount's root start at the root of the process's namespace.
 */
function foldersOf(group: string, root: string, mountPoint: string): readonly string[] {
  const prefix = root === "/" ? "" : root;
  if (group !== root && !group.startsWith(`${prefix}/`)) {
    // Groups above the namespace have no names: the mount shows one of them, or another group.
    return /^(?:\/\.\.)+$/.test(root) ? [mountPoint] : [];
  }
  const names = group.slice(prefix.length).split("/").filter((name) => name !== "");
  if (names.includes("..")) return [];
  const below = names.map((_, index) => [mountPoint, ...names.slice(0, index + 1)].join("/"));
  return [mountPoint, ...below];
}

/** Whether so many bytes fit into nine tenths of the room. The program itself needs the rest. */
function fits(byteLength: bigint, room: bigint): boolean {
  return byteLength <= room - room / 10n;
}

/**
 * Decodes a field of {@linkcode MOUNTS}, where spaces and backslashes are written as `\040` and
 * `\134`.
 */
function unescaped(field: string): string {
  return field.replace(/\\(\d{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8)));
}

function numberOf(match: RegExpExecArray | null): bigint | undefined {
  return match === null ? undefined : BigInt(match[1]!);
}
