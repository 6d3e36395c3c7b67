/**
 * {@linkcode regions}: the mappings of a process, whoever made them.
 *
 * @module
 */
import { host, runtimeFiles } from "../ffi/host.ts";
import { type Failure, isFailure } from "../ffi/os/contract/memory.ts";
import { own } from "../ffi/own.ts";
import { checkOptions, type Defaults, flag, wholeNumber } from "./checks/arguments.ts";
import { checkStack } from "./checks/call_stack.ts";
import { MmapError, systemError } from "./checks/errors.ts";
import type { Access } from "./lifetime/mapping_info.ts";

/**
 * The access of a mapping: an {@linkcode Access}, or a kind that the library does not map:
 * `"execute"` for jumps only; `"read-write-execute"` for loads, stores and jumps;
 * `"copy-on-write-execute"` for the same, with stores that do not reach the file.
 */
export type RegionAccess = Access | "execute" | "read-write-execute" | "copy-on-write-execute";

/** A mapping of a process at the time of {@linkcode regions}. */
export interface Region {
  /** The address of the first byte. */
  readonly address: bigint;
  /** The length in bytes: whole pages. */
  readonly byteLength: number;
  /** The access. Guard pages of Windows are `"none"`. */
  readonly access: RegionAccess;
  /** Whether stores reach the file, or other processes that map the same memory. */
  readonly isShared: boolean;
  /** The path of the file; `undefined` for memory without a file. */
  readonly path: string | undefined;
  /**
   * Whether the file was deleted, or never had a path, like memory that processes share without a
   * name. Always `false` on macOS and Windows.
   */
  readonly isDeleted: boolean;
  /**
   * The name of memory without a file: the label of {@linkcode MmapOptions.name} or of another
   * program, or the system's name in brackets (`"[heap]"`, `"[stack]"`, `"[vdso]"`). `undefined` if
   * it has none, and on macOS and Windows.
   */
  readonly name: string | undefined;
  /**
   * The bytes that the process has in RAM, in whole pages; `undefined` without
   * {@linkcode RegionsOptions.resident}. Unlike in {@linkcode Mmap.resident}, pages of a file that
   * are in the system's cache count only if the process has touched them.
   */
  readonly residentByteLength: number | undefined;
}

/** Options of {@linkcode regions}. */
export interface RegionsOptions {
  /** Whether to count the bytes in RAM, which takes several times as long. Default: `false`. */
  readonly resident?: boolean | undefined;
  /** The id of another process (Linux only). Default: this process. */
  readonly pid?: number | undefined;
}

const DEFAULTS = { resident: false, pid: undefined } satisfies Defaults<RegionsOptions>;

/** The greatest `pid_t`. */
const MAX_PID = 2 ** 31 - 1;

/**
 * Lists every mapping of the process, whether the library, the runtime or the program loader made
 * it. The list is a snapshot in the order of addresses, and no mapping overlaps another. Memory
 * that other threads, or the runtime itself, map or unmap meanwhile may be missing or listed.
 *
 * Some systems merge neighbours that do not differ. Memory mapped by one call is listed as several
 * mappings if parts of it differ in access.
 *
 * Linux: reads [`/proc/self/maps`](https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html),
 * and [`/proc/self/smaps`](https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html) for the
 * bytes in RAM. These files do not distinguish a path that ends in `" (deleted)"` from that of a
 * deleted file, or `\012` in a path from a newline; bytes that are not UTF-8 become U+FFFD.
 * Windows: calls
 * [`VirtualQuery`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualquery),
 * [`GetMappedFileNameW`](https://learn.microsoft.com/windows/win32/api/psapi/nf-psapi-getmappedfilenamew)
 * and [`QueryWorkingSetEx`](https://learn.microsoft.com/windows/win32/api/psapi/nf-psapi-queryworkingsetex);
 * reserved addresses are listed with the access `"none"`. macOS: calls
 * [`mach_vm_region`](https://developer.apple.com/documentation/kernel/1402149-mach_vm_region)
 * and `proc_regionfilename`.
 *
 * @param options The process, and whether to count the bytes in RAM. Default: this process, without
 * counting.
 * @returns The mappings. A process that has ended and was not waited for (a zombie) has none, and
 * neither has a thread of the kernel.
 * @throws {TypeError} If an option is unknown or of the wrong type.
 * @throws {RangeError} If `pid` is not from 1 to 2^31 - 1.
 * @throws {MmapError} `ESRCH` if there is no such process; `EACCES` or `EPERM` if it belongs to
 * another user; `ENOTSUP` for `pid` on other systems than Linux; another code if the system refused
 * a call.
 * @throws {Error} As {@linkcode pageSize} does. For another process also if the runtime does not
 * permit reading: in Deno `NotCapable` without `--allow-all`, which Deno requires for `/proc`. This
 * process needs only `--allow-ffi`.
 *
 * @example All mappings, and their bytes in RAM
 * ```ts
 * import { regions } from "sysalloc";
 *
 * const all = regions({ resident: true });
 * const shared = all.filter(({ isShared }) => isShared);
 * const resident = all.reduce((sum, { residentByteLength }) => sum + residentByteLength!, 0);
 * console.log(`${all.length} mappings, ${shared.length} shared, ${resident} bytes in RAM`);
 * ```
 *
 * @example The mapping around an address
 * ```ts
 * import { MmapOptions, regions } from "sysalloc";
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
  checkStack(); // list() closes the files that it opens
  if (pid !== undefined) {
    const { fileOf } = system;
    if (fileOf === undefined) {
      throw new MmapError(
        "This system lists only the mappings of this process: leave pid out",
        { code: "ENOTSUP" },
      );
    }
    checkPermitted(fileOf(pid, resident), pid);
  }
  const found = system.list({ pid, resident, within: undefined });
  if (isFailure(found)) throw listError(found, pid);
  return found;
}

function checkPid(value: unknown): void {
  const pid = wholeNumber(value, "pid");
  if (pid >= 1 && pid <= MAX_PID) return;
  throw new RangeError(`pid must be from 1 to 2^31 - 1, got ${pid}`);
}

/** Checks that the runtime permits reading the file, by opening it. */
function checkPermitted(file: string, pid: number): void {
  try {
    runtimeFiles().open(file, false).close();
  } catch (cause) {
    const { message } = cause as Error;
    const code: unknown = own(cause as object, "code");
    // A missing permission of the runtime is its own error.
    if (typeof code !== "string" || code.startsWith("ERR_")) throw cause;
    const reason = reasonFor(pid, code) ?? { code, message };
    throw new MmapError(`${unreadable(pid)}: ${reason.message}`, { code: reason.code, cause });
  }
}

/** The error for a list that the system refused. */
function listError(failure: Failure, pid: number | undefined): MmapError {
  const reason = pid === undefined ? undefined : reasonFor(pid, failure.code);
  if (reason === undefined) return systemError("to list the mappings", failure);
  const { syscall, osError } = failure;
  const { code, message } = reason;
  return new MmapError(`${unreadable(pid!)}: ${message}`, { code, syscall, osError });
}

function unreadable(pid: number): string {
  return `The mappings of process ${pid} cannot be read`;
}

/** The meaning of a failure to open a file of a process, for some codes. */
function reasonFor(pid: number, code: string): { code: string; message: string } | undefined {
  if (code === "ENOENT" || code === "ESRCH") {
    const own = host().os.regions.list({ pid: undefined, resident: false, within: undefined });
    if (isFailure(own)) return undefined; // no process can be read
    return { code: "ESRCH", message: `there is no process ${pid}` };
  }
  if (code !== "EACCES" && code !== "EPERM") return undefined;
  return {
    code,
    message: "it belongs to another user, or is protected: run as its user, or as root",
  };
}
