/**
 * What is mapped in a process, by whomever.
 *
 * @module
 */
import { host, runtimeFiles } from "../ffi/host.ts";
import { type Failure, isFailure } from "../ffi/os/contract/memory.ts";
import { own } from "../ffi/own.ts";
import { MmapError, systemError } from "./checks/errors.ts";
import type { Access } from "./lifetime/mapping_info.ts";
import { checkStack } from "./checks/call_stack.ts";
import { checkOptions, type Defaults, describe, flag } from "./checks/arguments.ts";

/**
 * What may be done with memory, as {@linkcode Access} has it, and what only
 * memory of others can be: `"execute"` is jumps alone, `"read-write-execute"`
 * all three, `"copy-on-write-execute"` the same of a file that no store reaches.
 */
export type RegionAccess = Access | "execute" | "read-write-execute" | "copy-on-write-execute";

/** A mapping of a process, as it was when {@linkcode regions} looked. */
export interface Region {
  /** The address of the first byte. */
  readonly address: bigint;
  /** The length in bytes: whole pages. */
  readonly byteLength: number;
  /** What may be done with it. Guard pages of Windows are `"none"`. */
  readonly access: RegionAccess;
  /** Whether what is stored to it reaches the file, or the other processes that map it. */
  readonly isShared: boolean;
  /** The path of the file that it is of, or `undefined`. */
  readonly path: string | undefined;
  /**
   * Whether that file has been deleted since, or never was in a folder, as
   * memory that processes share without a name. Linux alone tells.
   */
  readonly isDeleted: boolean;
  /**
   * What memory of no file is called: the label that {@linkcode MmapOptions.name}
   * or another program gave it, or, in brackets, what the system calls it
   * (`"[heap]"`, `"[stack]"`, `"[vdso]"`). `undefined` where it has no name, and
   * on macOS and Windows.
   */
  readonly name: string | undefined;
  /**
   * How many of its bytes the process has in RAM: whole pages. `undefined` unless
   * it was asked for. Pages of a file that are in the system's cache, and that the
   * process has not touched, do not count, as they do in {@linkcode Mmap.resident}.
   */
  readonly residentByteLength: number | undefined;
}

/** What {@linkcode regions} is to tell. */
export interface RegionsOptions {
  /** Whether to tell what is in RAM, which takes several times as long. Default: false. */
  readonly resident?: boolean | undefined;
  /** The number of another process, on Linux. Default: this process. */
  readonly pid?: number | undefined;
}

const DEFAULTS = { resident: false, pid: undefined } satisfies Defaults<RegionsOptions>;

/** The greatest `pid_t`. */
const MAX_PID = 2 ** 31 - 1;

/**
 * Lists every mapping of the process, whoever made it: the library, the runtime,
 * the loader of programs. It is a snapshot: the list stays as it is, in the order of
 * the addresses, and no mapping overlaps another; what is mapped or unmapped
 * meanwhile, by other threads or by the runtime for the list itself, is in it or not.
 *
 * Neighbours that differ in nothing are one mapping to some systems, and what one
 * call mapped is several where its access differs.
 *
 * Linux: reads [`/proc/self/maps`](https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html),
 * and [`/proc/self/smaps`](https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html) for
 * what is in RAM. Neither can tell a path that ends in `" (deleted)"` from that of a
 * deleted file, nor one with `\012` in it from one with a newline, and bytes that are
 * not UTF-8 come as U+FFFD. Windows: calls
 * [`VirtualQuery`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualquery),
 * [`GetMappedFileNameW`](https://learn.microsoft.com/windows/win32/api/psapi/nf-psapi-getmappedfilenamew)
 * and [`QueryWorkingSetEx`](https://learn.microsoft.com/windows/win32/api/psapi/nf-psapi-queryworkingsetex);
 * addresses that are merely reserved are listed with the access `"none"`. macOS: calls
 * [`mach_vm_region`](https://developer.apple.com/documentation/kernel/1402149-mach_vm_region)
 * and `proc_regionfilename`.
 *
 * @param options What to tell. Default: of this process, without what is in RAM.
 * @returns The mappings. A process that has ended and was not waited for has none,
 * and neither has a thread of the kernel.
 * @throws {TypeError} If an option is unknown or of the wrong type.
 * @throws {RangeError} If `pid` is not from 1 to 2^31 - 1.
 * @throws {MmapError} `ESRCH` if there is no such process; `EACCES` or `EPERM` if it is
 * another user's; `ENOTSUP` if `pid` is given and this is not Linux; any other if
 * the system refuses a call.
 * @throws {Error} As {@linkcode pageSize} does. Another process's mappings are read
 * through the runtime's permission: in Deno `NotCapable` without `--allow-all`, which
 * it wants for all of `/proc`. Those of this process need `--allow-ffi` alone.
 *
 * @example What is mapped, and how much of it is in RAM
 * ```ts
 * import { regions } from "@sysalloc/sysalloc";
 *
 * const all = regions({ resident: true });
 * const shared = all.filter(({ isShared }) => isShared);
 * const resident = all.reduce((sum, { residentByteLength }) => sum + residentByteLength!, 0);
 * console.log(`${all.length} mappings, ${shared.length} shared, ${resident} bytes in RAM`);
 * ```
 *
 * @example The mapping around an address
 * ```ts
 * import { MmapOptions, regions } from "@sysalloc/sysalloc";
 *
 * using mmap = new MmapOptions({ len: 1 << 20 }).mapAnon();
 * const region = regions().find(({ address, byteLength }) =>
 *   mmap.address >= address && mmap.address < address + BigInt(byteLength)
 * );
 * console.log(region?.access); // read-write
 * ```
 */
export function regions(options: RegionsOptions = {}): Region[] {
  const { resident, pid } = checkOptions(options, DEFAULTS);
  flag(resident, "resident");
  if (pid !== undefined) checkPid(pid);
  const system = host().os.regions;
  checkStack(); // what is opened is closed
  if (pid !== undefined) {
    const { fileOf } = system;
    if (fileOf === undefined) {
      throw new MmapError(
        "This system tells of the mappings of this process alone: leave pid out",
        { code: "ENOTSUP" },
      );
    }
    checkPermitted(fileOf(pid, resident), pid);
  }
  const found = system.list({ pid, resident });
  if (isFailure(found)) throw listError(found, pid);
  return found;
}

function checkPid(pid: unknown): void {
  const isInfinite = pid === Infinity || pid === -Infinity; // out of range, not of another type
  if (typeof pid !== "number" || !(Number.isInteger(pid) || isInfinite)) {
    throw new TypeError(`pid must be a whole number, got ${describe(pid)}`);
  }
  if (pid >= 1 && pid <= MAX_PID) return;
  throw new RangeError(`pid must be from 1 to 2^31 - 1, got ${pid}`);
}

/** Opens the file of a process as the runtime does: what it does not permit is not read. */
function checkPermitted(file: string, pid: number): void {
  try {
    runtimeFiles().open(file, false).close();
  } catch (cause) {
    const { message } = cause as Error;
    const code: unknown = own(cause as object, "code");
    // Not permitted: that is the runtime's own to say.
    if (typeof code !== "string" || code.startsWith("ERR_")) throw cause;
    const why = whyNot(pid, code) ?? { code, message };
    throw new MmapError(`${notOf(pid)}: ${why.message}`, { code: why.code, cause });
  }
}

/** The error for a list that the system refused. */
function listError(failure: Failure, pid: number | undefined): MmapError {
  const why = pid === undefined ? undefined : whyNot(pid, failure.code);
  if (why === undefined) return systemError("to tell what is mapped", failure);
  const { syscall, osError } = failure;
  return new MmapError(`${notOf(pid!)}: ${why.message}`, { code: why.code, syscall, osError });
}

function notOf(pid: number): string {
  return `The mappings of process ${pid} cannot be read`;
}

/** What the refusal of a process's file means. */
function whyNot(pid: number, code: string): { code: string; message: string } | undefined {
  if (code === "ENOENT" || code === "ESRCH") {
    const own = host().os.regions.list({ pid: undefined, resident: false });
    if (isFailure(own)) return undefined; // nothing is told of any process
    return { code: "ESRCH", message: `there is no process ${pid}` };
  }
  if (code !== "EACCES" && code !== "EPERM") return undefined;
  return {
    code,
    message: "it is of another user, or protected: run this as its user, or as root",
  };
}
