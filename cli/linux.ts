/**
 * Limits of memory on Linux.
 *
 * @module
 */
import { type Fact, ifThere, orAbsent, type Question, type Read } from "./fact.ts";
import { limitFiles, NO_LIMIT } from "../ffi/os/linux/control_groups.ts";
import { fs } from "./runtime.ts";
import { count, size } from "./text.ts";

type Answer = Omit<Fact, "name" | "title"> | undefined;

/** Reads the number in a file. */
function number(read: Read, path: string): number {
  return Number(read(path).trim());
}

/** Reads the fields of `/proc/meminfo`: {@link https://man7.org/linux/man-pages/man5/proc_meminfo.5.html} */
function meminfo(read: Read): (field: string) => number | undefined {
  const text = read("/proc/meminfo");
  return (field) => {
    const match = new RegExp(`^${field}:\\s+(\\d+)( kB)?$`, "m").exec(text);
    return match === null ? undefined : Number(match[1]) * (match[2] === undefined ? 1 : 1024);
  };
}

/** A limit of the process: {@link https://man7.org/linux/man-pages/man2/getrlimit.2.html} */
function limit(read: Read, name: string, meaning: string, raise: string): Answer {
  const line = new RegExp(`^${name} +(\\S+) +(\\S+)`, "m").exec(read("/proc/self/limits"));
  if (line === null) return undefined;
  const [soft, hard] = [line[1], line[2]].map((text) =>
    text === "unlimited" ? null : Number(text)
  ) as [number | null, number | null];
  const most = soft === hard ? "" : hard === null ? ", may be raised" : `, up to ${size(hard)}`;
  return {
    value: { soft, hard },
    text: soft === null ? "no limit" : size(soft) + most,
    meaning,
    raise,
  };
}

const OVERCOMMIT: Readonly<Record<number, readonly [mode: string, meaning: string]>> = {
  0: [
    "heuristic",
    "The kernel refuses single mappings that are obviously too long, and otherwise grants more " +
    "memory than there is: if it runs out, the kernel kills a process.",
  ],
  1: [
    "always",
    "The kernel grants every mapping: if memory runs out, the kernel kills a process.",
  ],
  2: [
    "never",
    "The kernel grants no more than the commit limit: beyond it mapAnon() fails with ENOMEM. " +
    "reserve() counts only what is committed.",
  ],
};

/** The kernel stores the limit in an `int`. */
const MAX_MAP_COUNT = 2 ** 31 - 1;

function maxMapCount(read: Read): Answer {
  const value = number(read, "/proc/sys/vm/max_map_count");
  const more = Math.min(Math.max(2 * value, 262_144), MAX_MAP_COUNT);
  return {
    value,
    text: count(value),
    meaning:
      "The number of mappings that a process may have. protect() or commit() of a part splits a " +
      "mapping into up to three. At the limit calls fail with ENOMEM.",
    ...(more > value && {
      raise: `sysctl -w vm.max_map_count=${more}, as root; to make it permanent, in /etc/sysctl.d/`,
    }),
  };
}

function hugePages(read: Read): Answer {
  const field = meminfo(read);
  const byteLength = field("Hugepagesize");
  if (byteLength === undefined) return undefined;
  const [total, free] = [field("HugePages_Total") ?? 0, field("HugePages_Free") ?? 0];
  return {
    value: { byteLength, total, free },
    text: `${size(byteLength)} each, ${count(free)} of ${count(total)} free`,
    meaning: "The pages set aside for huge() of MmapOptions.",
    raise: "sysctl -w vm.nr_hugepages=COUNT, as root; soon after boot most memory is contiguous. " +
      "Other lengths are in /sys/kernel/mm/hugepages/",
  };
}

function transparentHugePages(read: Read): Answer {
  const path = "/sys/kernel/mm/transparent_hugepage/enabled";
  const value = /\[(\w+)\]/.exec(read(path))?.[1];
  if (value === undefined) return undefined;
  const meaning = {
    always: "Anonymous memory that is long enough and aligned gets huge pages automatically.",
    madvise: 'Anonymous memory gets huge pages after advise("huge-page").',
    never:
      'No anonymous memory gets huge pages automatically, and advise("huge-page") does nothing.',
  }[value];
  return {
    value,
    text: value,
    meaning: meaning ?? "The mode decides when anonymous memory gets huge pages.",
    change: `echo MODE > ${path}, as root; MODE is always, madvise or never`,
  };
}

function overcommit(read: Read): Answer {
  const value = number(read, "/proc/sys/vm/overcommit_memory");
  const [mode, meaning] = OVERCOMMIT[value] ??
    ["unknown", "The amount of memory that the kernel grants."];
  return {
    value,
    text: `${value} (${mode})`,
    meaning,
    change:
      "sysctl -w vm.overcommit_memory=1, as root, grants every mapping; reserve(), which takes " +
      "only addresses, needs no change",
  };
}

function commitLimit(read: Read): Answer {
  const field = meminfo(read);
  const [limit, committed] = [field("CommitLimit"), field("Committed_AS")];
  if (limit === undefined || committed === undefined) return undefined;
  return {
    value: { limit, committed },
    text: `${size(limit)}, ${size(committed)} committed`,
    meaning: "The memory that all processes together may commit if overcommit is 2; otherwise it " +
      "limits nothing.",
    raise: "add swap space, or sysctl -w vm.overcommit_ratio=PERCENT (without effect unless " +
      "vm.overcommit_kbytes is 0), as root",
  };
}

function memory(read: Read): Answer {
  const field = meminfo(read);
  const [total, available] = [field("MemTotal"), field("MemAvailable")];
  const [swap, swapFree] = [field("SwapTotal") ?? 0, field("SwapFree") ?? 0];
  if (total === undefined || available === undefined) return undefined;
  return {
    value: { total, available, swap, swapFree },
    text: `${size(total)}, ${size(available)} available` +
      (swap === 0 ? ", no swap" : `; swap ${size(swap)}, ${size(swapFree)} free`),
    meaning:
      "RAM and swap space back mappings once they are used. Files of any length can be mapped: the system reads " +
      "their pages again when needed.",
  };
}

function controlGroup(read: Read): Answer {
  const limits = limitFiles(read).flatMap((path) => {
    const value = ifThere(() => read(path).trim());
    return value === undefined ? [] : [value === "max" ? Infinity : Number(value)];
  });
  if (limits.length === 0) return undefined;
  const least = Math.min(...limits);
  const value = least >= Number(NO_LIMIT) ? null : least;
  return {
    value,
    text: value === null ? "no limit" : size(value),
    meaning:
      "The RAM that the processes of this container or service may use, the page cache of their " +
      "files included: beyond it the kernel kills one of them.",
    raise:
      "docker run --memory=SIZE, systemd's MemoryMax=SIZE, or the option of another container " +
      "manager",
  };
}

function sharedMemory(): Answer {
  const { bsize, blocks, bavail } = orAbsent(() => fs().statfsSync("/dev/shm"));
  const [byteLength, free] = [bsize * blocks, bsize * bavail];
  return {
    value: { byteLength, free },
    text: `${size(byteLength)}, ${size(free)} free`,
    meaning: "The total length of named shared memory, whose files are in /dev/shm. Beyond it " +
      "mapShared() fails with ENOSPC; with noReserve(), stores are lost instead.",
    raise: "mount -o remount,size=SIZE /dev/shm, as root; docker run --shm-size=SIZE",
  };
}

function lowestAddress(read: Read): Answer {
  const value = number(read, "/proc/sys/vm/mmap_min_addr");
  return {
    value,
    text: `0x${value.toString(16)}`,
    meaning: "No hint below this address is met.",
    change: "sysctl -w vm.mmap_min_addr=BYTES, as root",
  };
}

/** Further facts of Linux. */
export const LINUX_QUESTIONS: readonly Question[] = [
  { name: "maxMapCount", title: "Mapping limit (vm.max_map_count)", look: maxMapCount },
  { name: "memory", title: "Memory", look: memory },
  { name: "memoryLimit", title: "Memory limit of the control group", look: controlGroup },
  { name: "overcommit", title: "Overcommit (vm.overcommit_memory)", look: overcommit },
  { name: "commitLimit", title: "Commit limit", look: commitLimit },
  { name: "hugePages", title: "Huge pages", look: hugePages },
  {
    name: "transparentHugePages",
    title: "Transparent huge pages",
    look: transparentHugePages,
  },
  {
    name: "lockedMemory",
    title: "Locked memory (RLIMIT_MEMLOCK)",
    look: (read) =>
      limit(
        read,
        "Max locked memory",
        "The memory that lock() keeps in RAM for a process without CAP_IPC_LOCK; beyond it " +
          "lock() fails with ENOMEM or EAGAIN.",
        "ulimit -l KIB in the shell, as root above the hard limit; memlock in " +
          "/etc/security/limits.conf, LimitMEMLOCK= of systemd, or docker run --ulimit " +
          "memlock=BYTES",
      ),
  },
  {
    name: "addressSpace",
    title: "Address space (RLIMIT_AS)",
    look: (read) =>
      limit(
        read,
        "Max address space",
        "The total length of all mappings, including reserve() and the runtime's own; beyond it " +
          "calls fail with ENOMEM.",
        "ulimit -v KIB in the shell, as root above the hard limit; or LimitAS= of " +
          "systemd",
      ),
  },
  {
    name: "dataSize",
    title: "Data (RLIMIT_DATA)",
    look: (read) =>
      limit(
        read,
        "Max data size",
        "The total length of all private writable mappings; beyond it calls fail with ENOMEM.",
        "ulimit -d KIB in the shell, as root above the hard limit; or LimitDATA= of " +
          "systemd",
      ),
  },
  {
    name: "fileSize",
    title: "Length of a file (RLIMIT_FSIZE)",
    look: (read) =>
      limit(
        read,
        "Max file size",
        "The maximum length of a file that the process writes; beyond it resize() and mapShared() " +
          "fail with EFBIG.",
        "ulimit -f BLOCKS in the shell, as root above the hard limit; or LimitFSIZE= " +
          "of systemd",
      ),
  },
  { name: "sharedMemory", title: "Shared memory (/dev/shm)", look: sharedMemory },
  {
    name: "lowestAddress",
    title: "Lowest address (vm.mmap_min_addr)",
    look: lowestAddress,
  },
];
