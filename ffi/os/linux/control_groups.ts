/**
 * How much memory a process of Linux can have: of the machine, and of the control groups that
 * it is in, which limit a container
 * ({@link https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files},
 * {@link https://docs.kernel.org/admin-guide/cgroup-v1/memory.html}).
 *
 * @module
 */

import { least } from "../../bigints.ts";
import { type AdvisedFailure, refusal } from "../contract/memory.ts";
import type { AnyText } from "./text.ts";

/** What has less memory than is wanted. */
export interface Shortage {
  /** How many bytes can be had. */
  readonly byteLength: bigint;
  /** The limit of a control group, and its file; `undefined` where the machine has no more. */
  readonly limit: { readonly byteLength: bigint; readonly path: string } | undefined;
}

/** How much memory the machine has: {@link https://man7.org/linux/man-pages/man5/proc_meminfo.5.html} */
const MEMINFO = "/proc/meminfo";
/** The groups of this process: {@link https://man7.org/linux/man-pages/man7/cgroups.7.html} */
const GROUPS = "/proc/self/cgroup";
/** Where they are shown: {@link https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html} */
const MOUNTS = "/proc/self/mountinfo";

/** From here on a limit of version 1 is none: it is the largest number of whole pages. */
export const NO_LIMIT: bigint = 1n << 62n;

/** Where one version of control groups has those of one kind. */
interface Hierarchy {
  /** Finds the path of the process's own group in {@linkcode GROUPS}. */
  readonly group: RegExp;
  /** Finds a mount in a line of {@linkcode MOUNTS}: the group that it shows, and where. */
  readonly mount: RegExp;
}

/** One version of control groups of memory. */
interface Version extends Hierarchy {
  /** The files of a limit, and of what it counts. */
  readonly memory: readonly [limit: string, usage: string];
  readonly swap: readonly [limit: string, usage: string];
  /** Whether the limit of swap space is one of memory and swap space together. */
  readonly isSwapWithMemory: boolean;
  /** Finds what the kernel can take back in `memory.stat`, that of groups below included. */
  readonly reclaimable: RegExp;
}

const SECOND: Hierarchy = {
  group: /^0::(.*)$/m,
  mount: /^\S+ \S+ \S+ (\S+) (\S+) .* - cgroup2 /,
};
/** Where version 1 has a controller. */
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

/** A group and those above it, as one mount shows them. */
interface Lineage<V extends Hierarchy = Version> {
  readonly version: V;
  /** Their folders, from the uppermost group on. */
  readonly folders: readonly string[];
}

/**
 * Returns what looks for what cannot set so many bytes aside: the machine, the process's own control group,
 * or a group above it. The kernel does not refuse such memory, but ends a process.
 *
 * The usage of a group counts the page cache, too, which fills whatever limit there is, and which
 * the kernel takes back when memory is wanted. It is taken off here, and swap space that is free
 * is added, as the kernel does for `MemAvailable` and as this does for the machine. What is left
 * is what cannot be had: anonymous and shared memory, locked pages, the kernel's own.
 */
export function linuxMemory(read: AnyText): (byteLength: bigint) => Shortage | undefined {
  // A process can be put into other groups. What is mounted takes longer to read than all
  // else, and is as good as constant.
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
    return known.lineages.reduce<Shortage | undefined>(
      (found, lineage) => found ?? shortageIn(read, lineage, swap, byteLength),
      undefined,
    );
  };
}

/** The refusal where memory is short; `remedy` is how to want less. */
export function refusedMemory({ byteLength, limit }: Shortage, remedy: string): AdvisedFailure {
  const room = `${byteLength} are to be had, and nine tenths of these can be set aside: ${remedy}`;
  return refusal(
    "ENOMEM",
    limit === undefined
      ? `of the bytes of memory that the machine has ${room}`
      : `the limit of this control group is ${limit.byteLength} bytes of memory (${limit.path}), ` +
        `of which ${room}, or raise the limit (docker run --memory, MemoryMax= of systemd)`,
  );
}

/** The files that tell the limits of all control groups that the process is in. */
export function limitFiles(read: AnyText): string[] {
  return lineagesOf(versions(), read(GROUPS), read(MOUNTS)).flatMap(({ version, folders }) =>
    folders.map((folder) => `${folder}/${version.memory[0]}`)
  );
}

/** The folders of all control groups that the process is in which can limit its threads. */
export function threadFolders(read: AnyText): string[] {
  return lineagesOf([SECOND, first("pids")], read(GROUPS), read(MOUNTS))
    .flatMap(({ folders }) => folders);
}

/** Finds the groups of the process by the text of {@linkcode GROUPS} and that of {@linkcode MOUNTS}. */
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

/** Looks for a group that cannot set so many bytes aside, from the uppermost on. */
function shortageIn(
  read: AnyText,
  { version, folders }: Lineage,
  freeSwap: bigint,
  byteLength: bigint,
): Shortage | undefined {
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
 * The folders of a group and of those above it, from the uppermost on that a mount shows. Both
 * the group and the root of the mount are told from the root of the process's namespace on.
 */
function foldersOf(group: string, root: string, mountPoint: string): readonly string[] {
  const prefix = root === "/" ? "" : root;
  if (group !== root && !group.startsWith(`${prefix}/`)) {
    // Of groups above the namespace no names are told: the mount shows one of those, or another.
    return /^(?:\/\.\.)+$/.test(root) ? [mountPoint] : [];
  }
  const names = group.slice(prefix.length).split("/").filter((name) => name !== "");
  if (names.includes("..")) return [];
  const below = names.map((_, index) => [mountPoint, ...names.slice(0, index + 1)].join("/"));
  return [mountPoint, ...below];
}

/** Nine tenths of what there is can be set aside: the program itself goes on to need some. */
function fits(byteLength: bigint, room: bigint): boolean {
  return byteLength <= room - room / 10n;
}

/** A field of {@linkcode MOUNTS}, which has spaces and backslashes as `\040` and `\134`. */
function unescaped(field: string): string {
  return field.replace(/\\(\d{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8)));
}

function numberOf(match: RegExpExecArray | null): bigint | undefined {
  return match === null ? undefined : BigInt(match[1]!);
}
