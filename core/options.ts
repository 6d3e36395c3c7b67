/**
 * {@linkcode MmapOptions}: what to map, and the calls that map it.
 *
 * @module
 */
import type { MapRequest } from "../ffi/os/contract/memory.ts";
import { byteCount, describe, flag, memoryAddress, powerOfTwo } from "./checks/arguments.ts";
import { hex } from "./checks/errors.ts";
import { printAs } from "./checks/inspect.ts";
import {
  ALIGN,
  changed,
  GUARD,
  HINT,
  HUGE,
  label as checkedLabel,
  LEN,
  type MmapInit,
  type MmapSettings,
  OFFSET,
  settingsOf,
} from "./checks/settings.ts";
import type { MappingPlan } from "./lifetime/mapping_plan.ts";
import type { Mmap } from "./mmap.ts";
import { mapAnonymous, mapMirrored, planAnonymous } from "./sources/anonymous.ts";
import { type FileKind, type FileSource, mapFile } from "./sources/file.ts";
import { mapShared, type SharedOptions } from "./sources/named.ts";

const MAP: FileKind = { use: "read", access: "copy-on-write", source: "private file" };
const MAP_MUT: FileKind = { use: "read-write", access: "read-write", source: "shared file" };
const MAP_EXEC: FileKind = { use: "read-execute", access: "read-execute", source: "private file" };

// What only this module can pass to the constructor.
const CHECKED = Symbol();

/**
 * What to map. Immutable: each setter returns a new `MmapOptions`, so that one
 * can serve as a template for many.
 *
 * @example Two styles, one class
 * ```ts
 * import { MmapOptions } from "@sysalloc/sysalloc";
 *
 * using a = new MmapOptions().len(1 << 20).populate().mapAnon();
 * using b = new MmapOptions({ len: 1 << 20, populate: true }).mapAnon();
 * console.log(a.byteLength === b.byteLength); // true
 * ```
 */
export class MmapOptions {
  /** What is set, frozen. */
  readonly settings: MmapSettings;
  readonly #request: MapRequest;
  /** Plans for anonymous memory, made when first asked for. */
  readonly #plans: { [call in "mapAnon" | "reserve"]: MappingPlan | undefined } = {
    mapAnon: undefined,
    reserve: undefined,
  };

  static {
    printAs(this.prototype as MmapOptions, (options) => {
      if (!(#request in options)) return "MmapOptions {}";
      const { settings } = options;
      const entries = Object.entries({ ...settings, hint: hex(settings.hint) })
        .filter((entry) => entry[1] !== undefined);
      return `MmapOptions { ${entries.map((entry) => `${entry[0]}: ${entry[1]}`).join(", ")} }`;
    });
  }

  /**
   * Makes options.
   *
   * @param init The options that differ from the defaults.
   * @throws {TypeError} If an option is unknown or of the wrong type.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(init?: MmapInit);
  constructor(init: MmapInit = {}, key?: typeof CHECKED) {
    this.settings = key === CHECKED ? init as MmapSettings : settingsOf(init);
    const { settings } = this;
    this.#request = {
      kind: "memory",
      hint: settings.hint,
      byteLength: BigInt(settings.len),
      populate: settings.populate,
      noReserve: settings.noReserve,
      strict: settings.strict && settings.hint !== 0n,
      protection: "read-write",
      stack: settings.stack,
    };
    Object.freeze(this);
  }

  /**
   * Sets the length.
   *
   * The system maps whole pages; `byteLength` and the views of the mapping
   * are as long as asked for here.
   *
   * @param bytes The length in bytes, of any alignment; above 0 when mapped.
   * @returns New options.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is negative or above 2^53 - 1, or reaches from
   * the hint past the end of the address space.
   */
  len(bytes: number | bigint): MmapOptions {
    return MmapOptions.#with(this, { len: byteCount(bytes, LEN) });
  }

  /**
   * Sets the address to map at.
   *
   * It is a wish, unless {@linkcode MmapOptions.strict} is set: where the
   * place is taken, the system chooses another one. Linux and macOS round a
   * wish to pages, Windows down to 64 KiB.
   *
   * On Linux a place counts as taken if the process grows into it: up to its limit below
   * the stack of the main thread
   * ([`RLIMIT_STACK`](https://man7.org/linux/man-pages/man2/getrlimit.2.html), 128 MiB
   * where there is no limit), and 128 MiB above the heap of
   * [`brk`](https://man7.org/linux/man-pages/man2/brk.2.html).
   *
   * @param address The address in bytes; 0 for no hint. Above 2^53 - 1 it must be a bigint.
   * @returns New options.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is negative or above 2^64 - 1, or the length
   * reaches from it past the end of the address space.
   */
  withHint(address: number | bigint): MmapOptions {
    return MmapOptions.#with(this, { hint: memoryAddress(address, HINT) });
  }

  /**
   * Sets whether every page is backed with memory before mapping returns, so
   * that later access does not fault.
   *
   * Linux does it in `mmap`
   * ([`MAP_POPULATE`](https://man7.org/linux/man-pages/man2/mmap.2.html));
   * on macOS and Windows one byte is stored in each page. Of a file the system's own
   * pages are mapped: a store to memory of {@linkcode MmapOptions.map} still copies its page.
   * More anonymous memory, or memory of a name, than the machine or a control group (a container) has left is refused
   * with `ENOMEM` on Linux, which would end a process for it.
   *
   * @param on Default: true.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   */
  populate(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { populate: flag(on, "populate") });
  }

  /**
   * Sets whether the system sets no swap space aside for the mapping, so that
   * it can be longer than memory and swap; a store then can find no memory,
   * and the system kill a process.
   *
   * Linux and macOS:
   * [`MAP_NORESERVE`](https://man7.org/linux/man-pages/man2/mmap.2.html).
   * Windows: no effect, `VirtualAlloc` commits all that it maps.
   *
   * @param on Default: true.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   */
  noReserve(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { noReserve: flag(on, "noReserve") });
  }

  /**
   * Sets whether the hint must be met exactly: the mapping starts there, or
   * mapping throws. Nothing that is mapped already is ever overwritten.
   * Without a hint it has no effect.
   *
   * Linux:
   * [`MAP_FIXED_NOREPLACE`](https://man7.org/linux/man-pages/man2/mmap.2.html).
   * On every system the address is compared too.
   *
   * @param on Default: true.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   */
  strict(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { strict: flag(on, "strict") });
  }

  /**
   * Sets where in the file the mapping starts. Anonymous memory has no file:
   * {@linkcode MmapOptions.mapAnon} and {@linkcode MmapOptions.reserve} throw
   * where it is not 0.
   *
   * What is mapped starts at the page before it (on Windows the 64 KiB), so that
   * a view of elements longer than a byte needs an offset that is a multiple of them.
   * A hint is where that page goes.
   *
   * @param bytes The offset in bytes, any within the file. Default: 0.
   * @returns New options.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is negative or above 2^53 - 1.
   */
  offset(bytes: number | bigint): MmapOptions {
    return MmapOptions.#with(this, { offset: byteCount(bytes, OFFSET) });
  }

  /**
   * Sets whether views of a mapped file survive that somebody truncates it.
   * Without that, a load or store in a page that the file has lost ends the process.
   *
   * Linux: a handler of `SIGBUS`, installed when a mapped file is first looked at
   * ([`docs/truncation-guard.md`](https://github.com/sysalloc/sysalloc/blob/main/docs/truncation-guard.md)
   * tells all of it), lets such loads read zeros;
   * {@linkcode Mmap.lostByteLength} and {@linkcode Mmap.truncated} tell of them. Signals that are not of the mappings
   * go to the handler that was there before. macOS: not guarded, it has no effect.
   * Windows: it has no effect, a mapped file cannot be truncated.
   *
   * @param on Default: true, and it is on where it is not set.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   */
  truncationGuard(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { truncationGuard: flag(on, "truncationGuard") });
  }

  /**
   * Sets what the address of the first byte is a multiple of; of memory of a
   * file, that of the page (on Windows of the 64 KiB) that the first byte lies in.
   *
   * Linux and macOS: more addresses are mapped, and those around unmapped.
   * Windows: more addresses are reserved and released, and an aligned one among
   * them is asked for, again where another thread was faster.
   *
   * @param bytes The alignment in bytes: a power of two, at least
   * {@linkcode allocationGranularity} when mapped. Default: 0, no more than that.
   * @returns New options.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is negative, above 2^53 - 1 or not a power of two. When mapped,
   * if it is below the granularity, or a strict hint is not a multiple of it.
   *
   * @example Memory for transparent huge pages
   * ```ts
   * import { MmapOptions } from "@sysalloc/sysalloc";
   *
   * using mmap = new MmapOptions({ len: 1 << 22 }).align(1 << 21).mapAnon();
   * console.log(mmap.address % 2n ** 21n); // 0n
   * ```
   */
  align(bytes: number | bigint): MmapOptions {
    return MmapOptions.#with(this, { align: powerOfTwo(bytes, ALIGN) });
  }

  /**
   * Sets how much inaccessible memory lies directly below and above: native
   * code that runs past either end is stopped by the system, and does not
   * overwrite what is there. The guard below ends where the memory starts; the
   * one above starts at the page after the last one, so that the rest of the
   * last page is accessible. A hint is the address of the memory, not of the guard.
   * Both end with `unmap()`, also where addresses are held for calls that are under way.
   *
   * It costs addresses, and no memory. {@linkcode Mmap.intoRaw} refuses such memory.
   * On Windows, memory of files can have none.
   *
   * @param bytes The length of each guard in bytes, rounded up to pages (the one below
   * to {@linkcode allocationGranularity}). 0 is for none. Default: one page.
   * @returns New options.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is negative or above 2^53 - 1.
   *
   * @example Memory for a C library that may write too far
   * ```ts
   * import { MmapOptions } from "@sysalloc/sysalloc";
   *
   * using mmap = new MmapOptions({ len: 65536 }).guard().mapAnon();
   * console.log(mmap.byteLength); // 65536
   * ```
   */
  guard(bytes: number | bigint = 1): MmapOptions {
    return MmapOptions.#with(this, { guard: byteCount(bytes, GUARD) });
  }

  /**
   * Sets that memory is of huge pages, that the system has set aside. They are taken
   * when mapped, as if populated: there is an error where there are too few. All of {@linkcode Mmap.protect} is in such pages;
   * {@linkcode Mmap.commit}, {@linkcode Mmap.decommit}, {@linkcode Mmap.discard} and
   * {@linkcode Mmap.intoRaw} refuse them. What is mapped is rounded up to them;
   * `byteLength` is as asked.
   *
   * Linux: [`MAP_HUGETLB`](https://man7.org/linux/man-pages/man2/mmap.2.html), after
   * `sysctl vm.nr_hugepages=<count>`. Windows:
   * [`MEM_LARGE_PAGES`](https://learn.microsoft.com/windows/win32/memory/large-page-support)
   * for a user with the right "Lock pages in memory", which the process then uses.
   * macOS: `ENOTSUP` when mapped.
   *
   * @param pageByteLength How long such a page is, in bytes: a power of two. Default:
   * 2 MiB on Linux with pages of 4 KiB, and what the processor has on Windows.
   * @returns New options.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is 0, negative, above 2^53 - 1 or not a power of two.
   */
  huge(pageByteLength?: number | bigint): MmapOptions {
    if (pageByteLength === undefined) return MmapOptions.#with(this, { huge: true });
    const huge = powerOfTwo(pageByteLength, HUGE);
    if (huge === 0) throw new RangeError(`${HUGE} must be greater than 0`);
    return MmapOptions.#with(this, { huge });
  }

  /**
   * Sets that anonymous memory is for the stack of a thread, as some systems want to be told.
   *
   * Linux: [`MAP_STACK`](https://man7.org/linux/man-pages/man2/mmap.2.html), which keeps
   * transparent huge pages away. No effect on macOS and Windows.
   *
   * @param on Default: true.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   */
  stack(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { stack: flag(on, "stack") });
  }

  /**
   * Sets what Linux shows anonymous memory as: `[anon:label]` in `/proc/self/maps`.
   *
   * Linux 5.17, if it was made so:
   * [`prctl(PR_SET_VMA)`](https://man7.org/linux/man-pages/man2/PR_SET_VMA.2const.html). No
   * effect on other kernels, and on macOS and Windows.
   *
   * @param label 1 to 79 printable ASCII characters, none of ``\ ` $ [ ]``.
   * @returns New options.
   * @throws {TypeError} If it is not a string.
   * @throws {RangeError} If it is not such a one.
   */
  name(label: string): MmapOptions {
    if (label === undefined) throw new TypeError("The name must be a string, got undefined");
    return MmapOptions.#with(this, { name: checkedLabel(label) });
  }

  /**
   * Maps anonymous memory: zeroed, private to this process, readable and
   * writable.
   *
   * Calls [`mmap`](https://man7.org/linux/man-pages/man2/mmap.2.html) on Linux
   * and macOS,
   * [`VirtualAlloc`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc)
   * on Windows.
   *
   * @returns The mapping.
   * @throws {RangeError} If the length is 0, or a strict hint is not a multiple of
   * {@linkcode allocationGranularity}.
   * @throws {MmapError} `EADDRNOTAVAIL` if a strict hint cannot be satisfied;
   * another code if the system refused. Nothing stays mapped.
   * @throws {Error} If the runtime gives no permission to use its FFI (in Deno
   * `NotCapable`: allow it with `--allow-ffi`), has none, or the system is
   * not supported.
   *
   * @example A strict hint
   * ```ts
   * import { MmapError, MmapOptions } from "@sysalloc/sysalloc";
   *
   * using first = new MmapOptions({ len: 65536 }).mapAnon();
   * try {
   *   new MmapOptions({ len: 65536 }).withHint(first.address).strict().mapAnon();
   * } catch (error) {
   *   console.log((error as MmapError).code); // EADDRNOTAVAIL
   * }
   * ```
   */
  mapAnon(): Mmap {
    return MmapOptions.#received(this).#map("mapAnon");
  }

  /**
   * Takes addresses without memory: nothing may be done with them until
   * {@linkcode Mmap.commit}. So the length can be far beyond what memory there is.
   *
   * Calls [`mmap(PROT_NONE)`](https://man7.org/linux/man-pages/man2/mmap.2.html) on Linux and
   * macOS,
   * [`VirtualAlloc(MEM_RESERVE)`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc)
   * on Windows.
   *
   * @returns The mapping, whose `access` is `"none"`.
   * @throws {RangeError} As {@linkcode MmapOptions.mapAnon} does, and if `populate` is set:
   * there is nothing to populate.
   * @throws {MmapError} As `mapAnon()` does.
   * @throws {Error} As `mapAnon()` does.
   *
   * @example A table of a tebibyte, of which a page costs memory
   * ```ts
   * import { MmapOptions, pageSize } from "@sysalloc/sysalloc";
   *
   * using table = new MmapOptions({ len: 2 ** 40 }).reserve();
   * const offset = 2 ** 39;
   * table.commit(offset, pageSize());
   * table.view(Uint8Array, offset, pageSize())[0] = 1;
   * ```
   */
  reserve(): Mmap {
    return MmapOptions.#received(this).#map("reserve");
  }

  /**
   * Maps anonymous memory twice in a row: byte `i` and byte `i + len` are the same
   * one. So a ring buffer needs no second part: any `len` bytes that follow each
   * other in the ring, also across its end, are one view. No view is longer than `len`,
   * because engines rely on the bytes of a view being distinct; {@linkcode Mmap.bytes} is
   * the first copy.
   *
   * The access of such memory is `"read-write"`, and stays so: it cannot be protected,
   * committed, decommitted, discarded or given away. It is not private to the
   * process where native code forks it.
   *
   * Calls [`mmap(MAP_SHARED | MAP_ANONYMOUS)`](https://man7.org/linux/man-pages/man2/mmap.2.html)
   * and, for the second half, on Linux
   * [`mremap`](https://man7.org/linux/man-pages/man2/mremap.2.html), on macOS
   * [`mach_vm_remap`](https://developer.apple.com/documentation/kernel/1402218-mach_vm_remap);
   * on Windows, from Windows 10 version 1803 on,
   * [`VirtualAlloc2`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc2)
   * and, twice,
   * [`MapViewOfFile3`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffile3)
   * of one section of the paging file.
   *
   * @returns The mapping, whose `byteLength` is `2 * len`.
   * @throws {RangeError} If the length is 0, not a multiple of
   * {@linkcode allocationGranularity}, or too long to be mapped twice; or as
   * {@linkcode MmapOptions.mapAnon} does.
   * @throws {MmapError} As `mapAnon()` does.
   * @throws {Error} As `mapAnon()` does.
   *
   * @example A message across the end of a ring
   * ```ts
   * import { allocationGranularity, MmapOptions } from "@sysalloc/sysalloc";
   *
   * const len = allocationGranularity();
   * using ring = new MmapOptions({ len }).mapMirrored();
   * ring.view(Uint8Array, len - 2, 4).set([1, 2, 3, 4]); // two bytes at the end, two at the start
   * console.log(ring.bytes[0], ring.bytes[1]); // 3 4
   * ```
   */
  mapMirrored(): Mmap {
    const received = MmapOptions.#received(this);
    return mapMirrored(received.settings, received.#request);
  }

  /**
   * Maps a file to read it, as memory that can be stored to: what is stored
   * this mapping alone has, and the file never changes. So views need no care.
   *
   * The pages are read when they are first used. Stores copy the page that they
   * are to.
   *
   * Calls [`mmap(MAP_PRIVATE)`](https://man7.org/linux/man-pages/man2/mmap.2.html) on
   * Linux and macOS, without reserving swap space;
   * [`CreateFileMappingW`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw)
   * and
   * [`MapViewOfFileEx(FILE_MAP_COPY)`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffileex)
   * on Windows, which sets aside memory or paging file for the whole length.
   *
   * @param file Its path, its `file:` URL, a file descriptor, or an object with
   * a numeric `fd`. It is not needed any more afterwards.
   * @returns The mapping, whose `access` is `"copy-on-write"`. Its length is
   * {@linkcode MmapOptions.len}, by default the rest of the file from
   * {@linkcode MmapOptions.offset} on.
   * @throws {TypeError} If `file` is none of these.
   * @throws {RangeError} If the range reaches past the end of the file, or a strict hint
   * is not a multiple of {@linkcode allocationGranularity}.
   * @throws {MmapError} `ENOENT` if there is no such file; `EACCES` if it must not be read;
   * `EISDIR` for a directory; `ENODEV` for a pipe or device; `EINVAL` for an empty file;
   * `EAGAIN` if its path never leads to the same file twice, because others replace it
   * without a pause; `EBADF` for a closed descriptor; `ENOTSUP` for a descriptor on Windows and in Deno before
   * 2.7.13, and for a file of hugetlbfs; or as {@linkcode MmapOptions.mapAnon} does. Nothing stays mapped or open.
   * @throws {Error} As `mapAnon()` does; in Deno `NotCapable` without `--allow-read`; in
   * Node.js with `--permission` `ERR_ACCESS_DENIED` without `--allow-fs-read`.
   *
   * @example The first bytes of a program
   * ```ts
   * import process from "node:process";
   * import { MmapOptions } from "@sysalloc/sysalloc";
   *
   * using mmap = new MmapOptions().map(process.execPath);
   * console.log(mmap.view(Uint8Array, 0, 4)); // on Linux 7f 45 4c 46: "\x7fELF"
   * ```
   */
  map(file: FileSource): Mmap {
    return MmapOptions.#received(this).#mapFile(file, MAP);
  }

  /**
   * Maps a file to change it: what is stored reaches the file, and everyone who
   * maps it. It is on the disk after {@linkcode Mmap.flush}.
   *
   * While another thread or process stores to the memory, do not give a view of it to `sort()` without
   * a comparator or to a text decoder: engines rely on it not to change in the meantime, and
   * the process can crash. Copy by {@linkcode Mmap.read} first.
   *
   * Calls [`mmap(MAP_SHARED)`](https://man7.org/linux/man-pages/man2/mmap.2.html) on
   * Linux and macOS,
   * [`CreateFileMappingW`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw)
   * and
   * [`MapViewOfFileEx(FILE_MAP_WRITE)`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffileex)
   * on Windows. The library keeps the file open until `unmap()`.
   *
   * @param file As for {@linkcode MmapOptions.map}. A descriptor must be open for
   * reading and writing.
   * @returns The mapping, whose `access` is `"read-write"`; its length as for `map()`.
   * @throws {TypeError} As `map()` does.
   * @throws {RangeError} As `map()` does.
   * @throws {MmapError} As `map()` does; `EACCES` if the file must not be written.
   * @throws {Error} As `map()` does; in Deno `NotCapable` without `--allow-write`; in
   * Node.js with `--permission` `ERR_ACCESS_DENIED` without `--allow-fs-write`.
   *
   * @example A counter in a file
   * ```ts
   * import { writeFileSync } from "node:fs";
   * import { tmpdir } from "node:os";
   * import { join } from "node:path";
   * import { MmapOptions } from "@sysalloc/sysalloc";
   *
   * const path = join(tmpdir(), "sysalloc-counter");
   * writeFileSync(path, new Uint8Array(8), { flag: "a" }); // makes it 8 bytes longer
   * using mmap = new MmapOptions().mapMut(path);
   * mmap.view(BigUint64Array)[0]! += 1n;
   * mmap.flush();
   * ```
   */
  mapMut(file: FileSource): Mmap {
    return MmapOptions.#received(this).#mapFile(file, MAP_MUT);
  }

  /**
   * Maps a file of machine code, to be called by native means: it can be read
   * and executed. It has no views; {@linkcode Mmap.read} copies from it.
   *
   * Calls [`mmap(PROT_READ | PROT_EXEC)`](https://man7.org/linux/man-pages/man2/mmap.2.html)
   * on Linux and macOS,
   * [`MapViewOfFileEx(FILE_MAP_EXECUTE)`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffileex)
   * on Windows.
   *
   * @param file As for {@linkcode MmapOptions.map}.
   * @returns The mapping, whose `access` is `"read-execute"`; its length as for `map()`.
   * @throws {TypeError} As `map()` does.
   * @throws {RangeError} As `map()` does.
   * @throws {MmapError} As `map()` does; `EPERM` where the file system is mounted without
   * the right to execute, or a policy forbids it.
   * @throws {Error} As `map()` does.
   */
  mapExec(file: FileSource): Mmap {
    return MmapOptions.#received(this).#mapFile(file, MAP_EXEC);
  }

  /**
   * Maps memory that processes share by its name: what one stores, all others that have
   * it mapped see. It is zeroed when it is made, and readable and writable.
   *
   * It is there until {@linkcode removeShared} (on Windows until nobody has it mapped),
   * and at the latest until the system is restarted; it is this user's alone (mode 0600,
   * whatever the umask is). Memory that is another user's, or that others may store to, is
   * opened only with {@linkcode SharedOptions.foreign}, by root too. It never appears shorter than it was made, whatever process ends when. Which of
   * several that use `"open-or-create"` at once has made it does not show: have what is
   * zero at first set up by `Atomics.compareExchange()`, or use `"create"`, and `"open"`
   * where that is `EEXIST`.
   *
   * Other programs meet it on Linux: it is what C's
   * [`shm_open`](https://man7.org/linux/man-pages/man3/shm_open.3.html) and Python's
   * `multiprocessing.shared_memory` have under the same name; and on Windows, where it is
   * the section `Local\<name>`.
   *
   * Linux: a file in `/dev/shm`, made by
   * [`open(O_TMPFILE)`](https://man7.org/linux/man-pages/man2/open.2.html),
   * [`fallocate`](https://man7.org/linux/man-pages/man2/fallocate.2.html) and
   * [`linkat`](https://man7.org/linux/man-pages/man2/link.2.html); where a system has no
   * `O_TMPFILE` or no `/proc`, under another name until it is whole. All of its memory is set
   * aside when it is made, which takes about 0.1 s for a gibibyte, so that no store finds
   * none: at most what `/dev/shm` has room for, and nine tenths of what is available, by the
   * machine and by the control groups that the process is in. With
   * {@linkcode MmapOptions.noReserve} none is, and what is stored when `/dev/shm` is full
   * is lost ({@linkcode Mmap.lostByteLength} tells; without
   * {@linkcode MmapOptions.truncationGuard} the store ends the process). macOS: the file
   * `sysalloc-<name>` in the user's temporary folder
   * ([`confstr`](https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man3/confstr.3.html)),
   * where nothing is set aside, and the system removes what nobody has used for three days.
   * Windows: [`CreateFileMappingW`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw)
   * and
   * [`OpenFileMappingW`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-openfilemappingw)
   * of a section of the paging file, whose length is whole pages.
   *
   * While another thread or process stores to the memory, do not give a view of it to `sort()` without
   * a comparator or to a text decoder: engines rely on it not to change in the meantime, and
   * the process can crash. Copy by {@linkcode Mmap.read} first.
   *
   * All calls go for it that go for memory of {@linkcode MmapOptions.mapMut}, but that it
   * cannot become longer. {@linkcode MmapOptions.len} is how long it is made, or how much is
   * mapped of what is there.
   *
   * @param name Its name: 1 to 255 bytes of UTF-8 (246 on macOS), not `.` or `..`, without `/`, `\`
   * and NUL. One `/` at its start, as C programs have it, is not a part of it. Upper and lower
   * case are different names, except on macOS, whose file system takes them for the same.
   * @param options Whether it is made, and whose it may be: see {@linkcode SharedOptions}. Default: it must be there.
   * @returns The mapping, whose `access` is `"read-write"`. Its length is `len`, by default
   * all there is.
   * @throws {TypeError} If an argument is of the wrong type, or an option unknown.
   * @throws {RangeError} If it is no such name or mode; if there is less than `len`; if it is
   * to be made and `len` is 0; if an offset, huge pages, `stack()` or `name()` is set; or if a
   * strict hint is not a multiple of {@linkcode allocationGranularity}.
   * @throws {MmapError} `ENOENT` if there is none and the mode is `"open"`; `EEXIST` if there is
   * one and it is `"create"`; `EACCES` if it belongs to another user, or others may store to it; `ENOSPC` (Linux) or
   * `ENOMEM` if there is too little memory; `EFBIG` on Linux and macOS if the process may make no file of
   * this length (`ulimit -f`); `EAGAIN` if another program makes it and has not
   * set its length yet; `ENAMETOOLONG` on macOS above 246 bytes; `ELOOP`, `EISDIR` or another code if what has this name is no memory;
   * `ENOTSUP` if this system has no `/dev/shm`, or as {@linkcode MmapOptions.mapMut} does.
   * Nothing stays mapped, open or made.
   * @throws {Error} As `mapAnon()` does; on Linux and macOS in Deno `NotCapable` without
   * `--allow-read` and `--allow-write` for the file, and in Node.js with `--permission`
   * `ERR_ACCESS_DENIED` without `--allow-fs-read` and `--allow-fs-write`.
   *
   * @example Two handles, as two processes would have them
   * ```ts
   * import { MmapOptions, removeShared } from "@sysalloc/sysalloc";
   *
   * const name = `counter-${crypto.randomUUID()}`;
   * using mine = new MmapOptions({ len: 4096 }).mapShared(name, { mode: "create" });
   * using theirs = new MmapOptions().mapShared(name); // in another process
   * Atomics.add(mine.view(Int32Array), 0, 1);
   * console.log(Atomics.load(theirs.view(Int32Array), 0)); // 1
   * removeShared(name);
   * ```
   */
  mapShared(name: string, options: SharedOptions = {}): Mmap {
    const received = MmapOptions.#received(this);
    return mapShared(name, options, received.settings, received.#request);
  }

  #map(call: "mapAnon" | "reserve"): Mmap {
    const plan = this.#plans[call] ??= planAnonymous(this.settings, this.#request, call);
    return mapAnonymous(plan, this.settings, this.#request);
  }

  #mapFile(file: FileSource, kind: FileKind): Mmap {
    return mapFile(file, kind, this.settings, this.#request);
  }

  static #with(options: MmapOptions, change: Partial<MmapSettings>): MmapOptions {
    const { settings } = MmapOptions.#received(options);
    const Checked = MmapOptions as new (settings: MmapSettings, key: typeof CHECKED) => MmapOptions;
    return new Checked(changed(settings, change), CHECKED);
  }

  static #received(options: MmapOptions): MmapOptions {
    if (
      typeof options === "object" && options !== null && #request in options
    ) return options;
    throw new TypeError(
      `The receiver must be an MmapOptions, got ${describe(options)}`,
    );
  }
}
