/**
 * The surroundings that programs live in, as ways to start a program.
 *
 * @module
 */
import { FILTER_ERRORS, REFUSABLE } from "../../../test/probe/seccomp.ts";

/** Something that a program is started in. */
export interface Surrounding {
  /** Its name in the output. */
  readonly name: string;
  /** The seccomp filter that the program installs itself; `""` for none. */
  readonly filter: string;
  /**
   * The command that runs `program` there, in whatever user's rights; `folder` is one that it
   * may write to. Throws where it cannot be had.
   */
  readonly command: (program: readonly string[], folder: string) => readonly string[];
  /** The kinds of things that the library cannot give back there. */
  readonly keeps: readonly ("mappedByteLength" | "descriptors" | "files")[];
  /** After so many seconds a program hangs there. */
  readonly maxSeconds: number;
  /** True if CI runs it. */
  readonly isShort: boolean;
}

/** The time limit of a program, which takes two seconds elsewhere. */
const MAX_SECONDS = 30;

/** The kinds of things that cannot be given back if these calls are refused. */
const KEPT: Readonly<Record<string, Surrounding["keeps"]>> = {
  munmap: ["mappedByteLength", "descriptors", "files"],
  close: ["descriptors", "files"],
  // The list that says what is open, and the runtime's calls that end files.
  openat: ["files"],
};

/** The refusals that CI runs: those that containers and emulators really have, or that broke something. */
const SHORT_FILTERS: readonly string[] = [
  "ENOSYS:mmap with MAP_FIXED_NOREPLACE",
  "EPERM:mmap with MAP_FIXED",
  "ENOSYS:mremap",
  "EPERM:mprotect with PROT_EXEC",
  "EPERM:madvise",
  "EPERM:mincore",
  "ENOSYS:mlock2",
  "ENOSYS:fallocate",
  "EPERM:ftruncate",
  "EPERM:fstatfs",
  "ENOSYS:statx",
  "EPERM:openat with O_TMPFILE",
  "EPERM:linkat",
  "EPERM:pipe2",
  "EPERM:prctl with PR_SET_VMA",
  "EPERM:process_vm_readv,process_vm_writev",
  "EPERM:rt_sigaction of SIGBUS",
  "EPERM:futex of shared memory",
  "ENOSYS:futex_waitv",
];

/** Calls that sandboxes refuse together: the emulators and containers that the library was tried in. */
const TOGETHER: readonly string[] = [
  "EPERM:process_vm_readv,process_vm_writev",
  "ENOSYS:process_vm_readv,process_vm_writev,pipe2",
  "ENOSYS:mremap,mlock2,futex_waitv,statx",
  "EPERM:madvise,mincore,mlock,mlock2",
];

function filtered(filter: string): Surrounding {
  const [error = "", ...rest] = filter.split(":");
  const calls = rest.join(":");
  return {
    name: `${calls} answered by ${error}`,
    filter,
    command: (program) => program,
    keeps: KEPT[calls] ?? [],
    maxSeconds: MAX_SECONDS,
    isShort: SHORT_FILTERS.includes(filter),
  };
}

function plain(
  name: string,
  isShort: boolean,
  command: Surrounding["command"],
): Surrounding {
  return { name, filter: "", command, keeps: [], maxSeconds: MAX_SECONDS, isShort };
}

const limited = (option: string) => (program: readonly string[]) => ["prlimit", option, ...program];

/** Becomes a user without rights: those of root would lift limits of locked memory and of processes. */
const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/** Runs lines of a shell in a mount namespace of its own, and the program then. */
function inMounts(lines: string): Surrounding["command"] {
  return (program, folder) => [
    "unshare",
    "--mount",
    "sh",
    "-euc",
    `folder=$1; shift; ${lines}; exec "$@"`,
    "sh",
    folder,
    ...program,
  ];
}

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const SHM = "mount -t tmpfs -o size=64k tmpfs /dev/shm";

/** Limits of a process, each as `prlimit` takes it; those that CI runs begin with `!`. */
const LIMITS: readonly string[] = [
  ...[16, 24, 32, 48].map((count) => `--nofile=${count}`),
  "!--nofile=40",
  ...[1, 2, 4, 16, 64].map((count) => `--as=${count * GIB}`),
  "!--data=1073741824",
  ...[256, 512, 2048].map((count) => `--data=${count * MIB}`),
  "--fsize=4096",
  "!--fsize=65536",
  `--fsize=${MIB}`,
  "!--stack=524288",
  "--stack=unlimited",
];

/** Limits that do not hold for root. */
const USER_LIMITS: readonly string[] = [
  "!--memlock=0",
  "--memlock=65536",
  "--nproc=1",
  "--nproc=8",
];

const isShort = (option: string) => option.startsWith("!");
const bare = (option: string) => option.replace("!", "");

/** A control group with a limit of memory, made and removed by the shell that runs the program. */
const IN_GROUP = String.raw`
v1=$(sed -n 's/^[0-9]*:\(.*,\)\{0,1\}memory\(,.*\)\{0,1\}:\(.*\)$/\3/p' /proc/self/cgroup)
if [ -n "$v1" ]; then
  group=/sys/fs/cgroup/memory$v1/sysalloc-probe-$$; limit=memory.limit_in_bytes
else
  group=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/sysalloc-probe-$$; limit=memory.max
fi
mkdir "$group"
trap 'rmdir "$group"' EXIT
echo ${256 * MIB} >"$group/$limit"
sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' sh "$group" "$@"`;

/** All of them. */
export const SURROUNDINGS: readonly Surrounding[] = [
  plain("nothing special", true, (program) => program),
  ...Object.keys(REFUSABLE).flatMap((call) =>
    FILTER_ERRORS.map((error) => filtered(`${error}:${call}`))
  ),
  ...TOGETHER.map(filtered),
  ...LIMITS.map((option) =>
    plain(`prlimit ${bare(option)}`, isShort(option), limited(bare(option)))
  ),
  plain("a user without rights", true, (program) => [...asNobody, ...program]),
  ...USER_LIMITS.map((option) =>
    plain(
      `prlimit ${bare(option)}, a user without rights`,
      isShort(option),
      (program) => ["prlimit", bare(option), ...asNobody, ...program],
    )
  ),
  plain("a full /dev/shm", true, inMounts(`${SHM}; head -c 64k /dev/zero >/dev/shm/all`)),
  plain("a read-only /dev/shm", true, inMounts(`${SHM}; mount -o remount,ro /dev/shm`)),
  plain("no /dev/shm", false, inMounts("mount -t tmpfs tmpfs /dev; mknod -m 666 /dev/null c 1 3")),
  plain(
    "a full disk",
    true,
    inMounts('mount -t tmpfs -o size=1m tmpfs "$folder"; head -c 900k /dev/zero >"$folder/most"'),
  ),
  plain("no /proc", true, inMounts("mount -t tmpfs tmpfs /proc")),
  plain(
    "a control group of 256 MiB",
    true,
    (program) => ["sh", "-euc", IN_GROUP, "sh", ...program],
  ),
  {
    ...plain(
      "gVisor",
      true,
      (program) => [
        Deno.env.get("RUNSC") ?? "runsc",
        "--network=none",
        "--ignore-cgroups",
        "--platform=systrap",
        "do",
        ...program,
      ],
    ),
    maxSeconds: 4 * MAX_SECONDS, // it has system calls of its own
  },
];
