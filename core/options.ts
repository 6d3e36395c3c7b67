/**
 * {@linkcode MmapOptions}: the options of a mapping, and the methods that map.
 *
 * @module
 */
import type { MapRequest } from "../ffi/os/contract/memory.ts";
import { byteCount, describe, flag, memoryAddress, powerOfTwo } from "./checks/arguments.ts";
import { hex } from "./checks/errors.ts";
import { printAs } from "./checks/inspect.ts";
import {
  ALIGN,
  CAPACITY,
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
import { requestOf } from "./lifetime/requests.ts";
import type { Mmap } from "./mmap.ts";
import type { WasmMemory } from "./lifetime/engine_memory.ts";
import { mapAnonymous, mapMirrored, mapSharedBuffer, planAnonymous } from "./sources/anonymous.ts";
import { type EngineTarget, engineTarget, NEW_MEMORY } from "./sources/into.ts";
import { type FileKind, mapFile } from "./sources/file.ts";
import type { FileSource } from "./sources/opening.ts";
import { mapShared, type SharedOptions } from "./sources/named.ts";

const MAP: FileKind = { use: "read", access: "copy-on-write", source: "private file" };
const MAP_MUT: FileKind = { use: "read-write", access: "read-write", source: "shared file" };
const MAP_READ: FileKind = { use: "read", access: "read", source: "read-only file" };
const MAP_EXEC: FileKind = { use: "read-execute", access: "read-execute", source: "private file" };

// A value that only this module can pass to the constructor.
const CHECKED = Symbol();

/**
 * Options for a mapping, and the methods that map. Immutable: each setter returns new options, so
 * that one object can be a template for many mappings.
 *
 * @example Two styles, one class
 * ```ts
 * import { MmapOptions } from "sysalloc";
 *
 * using a = new MmapOptions().len(1 << 20).populate().mapAnon();
 * using b = new MmapOptions({ len: 1 << 20, populate: true }).mapAnon();
 * console.log(a.byteLength === b.byteLength); // true
 * ```
 */
export class MmapOptions {
  /** The value of every option. Frozen. */
  readonly settings: MmapSettings;
  readonly #target: EngineTarget | undefined;
  /** The plan of `mapAnon()`, made at the first use. */
  #memory: MappingPlan | undefined;
  /** The plan of `reserve()`, made at the first use. */
  #reserved: MappingPlan | undefined;

  static {
    printAs(this.prototype as MmapOptions, (options) => {
      if (!(#target in options)) return "MmapOptions {}";
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
  constructor(init?: MmapInit, key?: typeof CHECKED, target?: EngineTarget) {
    this.#target = key === CHECKED ? target : undefined;
    this.settings = key === CHECKED ? init as MmapSettings : settingsOf(init);
    Object.freeze(this);
  }

  /**
   * Sets the length. The system maps whole pages, but `byteLength` and the views have this length.
   *
   * @param bytes The length in bytes, of any alignment; above 0 for memory without a file.
   * @returns New options.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is negative or above 2^53 - 1, or if the range from the hint on does
   * not fit into the address space.
   */
  len(bytes: number | bigint): MmapOptions {
    return MmapOptions.#with(this, { len: byteCount(bytes, LEN) });
  }

  /**
   * Sets the length up to which {@linkcode Mmap.resize} makes the memory longer in its place: for
   * {@linkcode MmapOptions.mapAnon}, {@linkcode MmapOptions.mapShared}, and the calls that map
   * files. The address never changes then, growth detaches no view, and the memory can also grow
   * while it is shared.
   *
   * The addresses behind the memory are set aside when it is mapped. They take no memory, and no
   * swap space is reserved for them. They count against a limit of addresses (`ulimit -v`).
   * {@linkcode MmapOptions.populate} and {@linkcode Mmap.lock} affect only the memory that there is.
   *
   * Linux and macOS: [`mmap(PROT_NONE)`](https://man7.org/linux/man-pages/man2/mmap.2.html), and
   * [`mprotect`](https://man7.org/linux/man-pages/man2/mprotect.2.html) to grow. Windows:
   * [`VirtualAlloc`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc)
   * with `MEM_RESERVE`, and with `MEM_COMMIT` to grow; for a file
   * [`VirtualAlloc2`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc2),
   * and [`MapViewOfFile3`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffile3)
   * for each part that is added (Windows 10 from version 1803 on).
   *
   * @param bytes The capacity in bytes, rounded up to pages. Default: 0, which means none.
   * @returns New options.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is negative or above 2^53 - 1, or if the range from the hint on does
   * not fit into the address space. When mapped, if it is below the length.
   *
   * The calls that map also throw an {@linkcode MmapError}: `ENOMEM` if there are not as many
   * addresses in a row; `EOVERFLOW` on Linux if the file system allows no file as long; `ENOTSUP`
   * for {@linkcode MmapOptions.mapShared} on macOS and Windows, where named memory keeps its length.
   *
   * @example A list that grows without a copy
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 65536, capacity: 2 ** 36 }).mapAnon();
   * const start = mmap.view(Float64Array, 0, 100);
   * mmap.resize(2 ** 30);
   * start[0] = 42; // the view is still valid
   * console.log(mmap.view(Float64Array, 0, 1)[0]); // 42
   * ```
   */
  capacity(bytes: number | bigint): MmapOptions {
    return MmapOptions.#with(this, { capacity: byteCount(bytes, CAPACITY) });
  }

  /**
   * Sets the address to map at: a preference, unless {@linkcode MmapOptions.strict} is set. If the
   * range is taken, the system chooses another address. A preference is rounded to pages on Linux
   * and macOS, down to 64 KiB on Windows.
   *
   * On Linux a range also counts as taken if the process grows into it: below the stack of the main
   * thread up to its limit
   * ([`RLIMIT_STACK`](https://man7.org/linux/man-pages/man2/getrlimit.2.html), 128 MiB without a
   * limit), and 128 MiB above the heap of
   * [`brk`](https://man7.org/linux/man-pages/man2/brk.2.html).
   *
   * @param address The address; 0 for no hint. Above 2^53 - 1 it must be a bigint.
   * @returns New options.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is negative or above 2^64 - 1, or if the length does not fit behind
   * it.
   */
  withHint(address: number | bigint): MmapOptions {
    return MmapOptions.#with(this, { hint: memoryAddress(address, HINT) });
  }

  /**
   * Sets whether mapping backs every page with memory before it returns, so that later access does
   * not fault. On Linux it refuses with `ENOMEM` to back more anonymous or named memory than the
   * machine or a control group (a container) has left; the system would end a process for it.
   *
   * Linux: [`MAP_POPULATE`](https://man7.org/linux/man-pages/man2/mmap.2.html). macOS and Windows:
   * stores a byte in each page. For files it maps the pages of the page cache; a store to memory of
   * {@linkcode MmapOptions.map} still copies its page.
   *
   * @param on Default: true.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   */
  populate(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { populate: flag(on, "populate") });
  }

  /**
   * Sets whether the mapping reserves no swap space, so that it can be longer than memory and swap
   * together. A store may find no memory then, and the system may end a process for it.
   *
   * Linux and macOS: [`MAP_NORESERVE`](https://man7.org/linux/man-pages/man2/mmap.2.html). Windows:
   * no effect, because `VirtualAlloc` commits what it maps.
   *
   * @param on Default: true.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   */
  noReserve(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { noReserve: flag(on, "noReserve") });
  }

  /**
   * Sets whether the mapping must start exactly at the hint. If the range is taken, mapping throws,
   * and never replaces what is mapped there. No effect without a hint.
   *
   * Linux: [`MAP_FIXED_NOREPLACE`](https://man7.org/linux/man-pages/man2/mmap.2.html). On all
   * systems, the library also compares the address.
   *
   * @param on Default: true.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   */
  strict(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { strict: flag(on, "strict") });
  }

  /**
   * Sets the position in the file at which the mapping starts. Memory without a file refuses an
   * offset above 0.
   *
   * The system maps from a multiple of {@linkcode allocationGranularity}, so the mapping starts at
   * the offset rounded down to it. A hint is the address of that start. A view of elements longer
   * than a byte needs an offset that is a multiple of their size.
   *
   * @param bytes The offset in bytes, of any alignment, within the file. Default: 0.
   * @returns New options.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is negative or above 2^53 - 1.
   */
  offset(bytes: number | bigint): MmapOptions {
    return MmapOptions.#with(this, { offset: byteCount(bytes, OFFSET) });
  }

  /**
   * Sets whether views of a mapped file survive truncation of the file. Without the guard, a load
   * or store in a page that the file has lost ends the process.
   *
   * Linux: a handler of `SIGBUS` lets such loads read zeros; {@linkcode Mmap.lostByteLength} and
   * {@linkcode Mmap.truncated} report them. The handler is installed when a mapped file is first
   * used, and passes signals for other memory to the previous handler: see
   * [`docs/internals/truncation-guard.md`](https://github.com/sysalloc/sysalloc/blob/main/docs/internals/truncation-guard.md).
   * macOS: no effect, files are not guarded. Windows: no effect, a mapped file cannot be truncated.
   *
   * @param on Default: true, which is also the default without this setter.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   */
  truncationGuard(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { truncationGuard: flag(on, "truncationGuard") });
  }

  /**
   * Sets a `WebAssembly.Memory` to map into, so that a module works on a file in place: for
   * {@linkcode MmapOptions.map}, {@linkcode MmapOptions.mapMut} and
   * {@linkcode MmapOptions.mapShared}.
   *
   * The module finds the file at {@linkcode Mmap.byteOffset}; `bytes` and `view()` are over
   * `memory.buffer`. The file replaces whole pages, with zeros behind its last byte, and its
   * {@linkcode MmapOptions.offset} must be a multiple of the page size. `unmap()` puts zeroed pages
   * back, and views read zeros. If the handle is collected, the file stays mapped as long as the
   * memory lives.
   *
   * The mapping counts as closed once V8 has moved the memory, which happens only if addresses are
   * short (`ulimit -v`), or once the file has lost all pages and another one was mapped there.
   *
   * With `"grow"`, the memory grows, and the file lies behind its old end. Do not use this with
   * Emscripten's allocator, which would hand out the file's pages: let it allocate a block two pages
   * longer than the file, and pass the first page boundary in the block.
   *
   * Bun needs a memory with `shared: true`, in the main thread, and keeps it until `unmap()`:
   * JavaScriptCore moves other memories, and fills a memory with zeros when it frees it. Windows
   * does not support this.
   *
   * Calls [`mmap(MAP_FIXED)`](https://man7.org/linux/man-pages/man2/mmap.2.html) over pages that the
   * engine has mapped, and nothing else.
   *
   * @param memory The memory.
   * @param byteOffset The place in the memory, a multiple of the page size, or `"grow"`. The memory
   * stays grown if mapping fails.
   * @returns New options.
   * @throws {TypeError} If `memory` is no `WebAssembly.Memory`, or the place is of the wrong type.
   * @throws {RangeError} If the place is negative or above 2^53 - 1.
   *
   * The calls that map also throw a `RangeError` if a place is no multiple of the page size, the
   * memory is too short or cannot grow, or other options ask for another place; and an
   * {@linkcode MmapError}: `ENOTSUP` if the system or the engine cannot map there, `EEXIST` if
   * something else is mapped there.
   *
   * @example A file behind the end of the memory
   * ```ts
   * import { writeFileSync } from "node:fs";
   * import { MmapOptions } from "sysalloc";
   *
   * writeFileSync("/tmp/data.bin", "Hello");
   * const memory = new WebAssembly.Memory({ initial: 1, maximum: 100, shared: true });
   * using mmap = new MmapOptions().into(memory, "grow").map("/tmp/data.bin");
   * // exports.hash(mmap.byteOffset, mmap.byteLength)
   * console.log(new Uint8Array(memory.buffer)[mmap.byteOffset]); // 72
   * ```
   */
  into(memory: WasmMemory, byteOffset: number | bigint | "grow"): MmapOptions {
    const { settings } = MmapOptions.#received(this);
    return new Checked(settings, CHECKED, engineTarget(memory, byteOffset));
  }

  /**
   * Sets whether {@linkcode Mmap.buffer} is a `SharedArrayBuffer`, which workers get by
   * `postMessage()` without a ticket: for {@linkcode MmapOptions.mapAnon},
   * {@linkcode MmapOptions.map}, {@linkcode MmapOptions.mapMut} and
   * {@linkcode MmapOptions.mapShared}.
   *
   * `unmap()` does not detach it: views stay valid, and read zeros. It is the buffer of a
   * `WebAssembly.Memory`, of at most 4 GiB in steps of 64 KiB, so that it can be longer than the
   * mapping: use `bytes` and `view()`. `Atomics.wait()` and `Atomics.notify()` connect the threads
   * of this process, {@linkcode Mmap.wait} and {@linkcode Mmap.notify} also processes, and neither
   * wakes the other's waiters.
   *
   * Bun needs the main thread, and keeps the memory until `unmap()`. Windows does not support this.
   * Mapping throws `ENOMEM` if the engine finds too few addresses: V8 takes 10 GiB for each buffer.
   *
   * @param on Default: true.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   *
   * @example A counter for all workers
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 65536, sharedBuffer: true }).mapAnon();
   * // worker.postMessage(mmap.buffer), and there as here:
   * Atomics.add(new Int32Array(mmap.buffer), 0, 1);
   * ```
   */
  sharedBuffer(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { sharedBuffer: flag(on, "sharedBuffer") });
  }

  /**
   * Sets whether {@linkcode MmapOptions.mapMut} makes the file if there is none, and makes it longer
   * if it ends before {@linkcode MmapOptions.offset} plus {@linkcode MmapOptions.len}. New bytes are
   * zero. A file that is longer is mapped up to the length, and stays as it is.
   *
   * A new file has the mode 0666 without the bits of the process's umask. It stays if the call then
   * fails, as it does for `open()`. If several processes make the file at once, all of them map the
   * same one.
   *
   * Linux and macOS: [`open(O_CREAT)`](https://man7.org/linux/man-pages/man2/open.2.html) by the
   * runtime, which checks its permissions, then
   * [`fallocate`](https://man7.org/linux/man-pages/man2/fallocate.2.html) (Linux) or
   * [`ftruncate`](https://man7.org/linux/man-pages/man2/ftruncate.2.html). Windows:
   * [`CreateFileW`](https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew),
   * then
   * [`CreateFileMapping`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw).
   *
   * @param on Default: true.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   *
   * The calls that map also throw a `RangeError` if `len` is 0, and for every other kind of memory;
   * and an {@linkcode MmapError}: `EFBIG` if the process may not make a file as long (`ulimit -f`).
   *
   * @example A counter that survives the program
   * ```ts
   * import { tmpdir } from "node:os";
   * import { join } from "node:path";
   * import { MmapOptions } from "sysalloc";
   *
   * const path = join(tmpdir(), "sysalloc-visits");
   * using mmap = new MmapOptions({ len: 8, create: true }).mapMut(path);
   * console.log(mmap.view(BigUint64Array)[0]! += 1n);
   * ```
   */
  create(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { create: flag(on, "create") });
  }

  /**
   * Sets whether {@linkcode MmapOptions.mapMut} sets blocks of the disk aside for the mapping, and
   * {@linkcode Mmap.resize} for what it adds. Without it, a full disk is found only when a page of
   * a hole in the file is stored to, or written back: the page is lost, or the process ends (see
   * {@linkcode Mmap.lostByteLength}).
   *
   * File systems that copy on write, compress or deduplicate may need further blocks.
   *
   * Linux: [`fallocate`](https://man7.org/linux/man-pages/man2/fallocate.2.html). Windows: no call,
   * because a file has its blocks once it is as long; sparse and compressed files are refused.
   * macOS: `ENOTSUP` when mapped.
   *
   * @param on Default: true.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   *
   * The calls that map also throw a `RangeError` for every other kind of memory; and an
   * {@linkcode MmapError}: `ENOSPC` or `EDQUOT` if the disk has too little room, `ENOTSUP` if the
   * file system cannot set blocks aside. Bytes that are added get no block unless the disk has room
   * for all of them; some blocks of holes may be set aside then.
   *
   * @example A log that never finds the disk full
   * ```ts ignore
   * using log = new MmapOptions({ len: 2 ** 20, create: true, allocate: true })
   *   .capacity(2 ** 36)
   *   .mapMut("/var/log/my.log");
   * log.resize(2 * log.byteLength); // ENOSPC if the disk is full
   * ```
   */
  allocate(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { allocate: flag(on, "allocate") });
  }

  /**
   * Sets the alignment of the address of the memory. For memory of a file, this is the address of
   * the offset rounded down to {@linkcode allocationGranularity}.
   *
   * Linux and macOS: maps more addresses, and unmaps the excess. Windows: reserves more addresses,
   * releases them, and maps at an aligned one among them; tries again if another thread took it.
   *
   * @param bytes The alignment in bytes: a power of two, at least {@linkcode allocationGranularity}
   * when mapped. Default: 0, which means the granularity.
   * @returns New options.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is negative, above 2^53 - 1 or not a power of two. When mapped, if
   * it is below the granularity, or a strict hint is not a multiple of it.
   *
   * @example Memory for transparent huge pages
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 1 << 22 }).align(1 << 21).mapAnon();
   * console.log(mmap.address % 2n ** 21n); // 0n
   * ```
   */
  align(bytes: number | bigint): MmapOptions {
    return MmapOptions.#with(this, { align: powerOfTwo(bytes, ALIGN) });
  }

  /**
   * Adds guard pages below and above the memory: the system stops native code that runs past either
   * end, before it overwrites other memory. Guard pages cost addresses, but no memory.
   *
   * The lower guard ends where the memory starts. The upper one starts at the page after the last
   * byte, so that the rest of the last page is accessible. A hint is the address of the memory, not
   * of the guard. `unmap()` ends both guards, even if the address range stays held. {@linkcode
   * Mmap.intoRaw} refuses such memory.
   *
   * @param bytes The length of each guard in bytes, rounded up to pages (the lower one to
   * {@linkcode allocationGranularity}); 0 for none. Default: one page.
   * @returns New options.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is negative or above 2^53 - 1.
   *
   * @example Memory for a C library that may write too far
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 65536 }).guard().mapAnon();
   * console.log(mmap.byteLength); // 65536
   * ```
   */
  guard(bytes: number | bigint = 1): MmapOptions {
    return MmapOptions.#with(this, { guard: byteCount(bytes, GUARD) });
  }

  /**
   * Asks for huge pages that the system has set aside. Mapping takes them immediately, as if
   * populated, and fails if there are too few. The mapping is rounded up to huge pages;
   * `byteLength` is not. {@linkcode Mmap.protect} takes whole huge pages; {@linkcode Mmap.commit},
   * {@linkcode Mmap.decommit}, {@linkcode Mmap.discard} and {@linkcode Mmap.intoRaw} refuse such
   * memory.
   *
   * Linux: [`MAP_HUGETLB`](https://man7.org/linux/man-pages/man2/mmap.2.html), after `sysctl
   * vm.nr_hugepages=<count>`. Windows:
   * [`MEM_LARGE_PAGES`](https://learn.microsoft.com/windows/win32/memory/large-page-support), for a
   * user with the right "Lock pages in memory". macOS: `ENOTSUP` when mapped.
   *
   * @param pageByteLength The length of a huge page in bytes: a power of two. Default: 2 MiB on
   * Linux with pages of 4 KiB; the processor's on Windows.
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
   * Sets whether anonymous memory is for the stack of a thread.
   *
   * Linux: [`MAP_STACK`](https://man7.org/linux/man-pages/man2/mmap.2.html), which prevents
   * transparent huge pages. No effect on macOS and Windows.
   *
   * @param on Default: true.
   * @returns New options.
   * @throws {TypeError} If it is not a boolean.
   */
  stack(on: boolean = true): MmapOptions {
    return MmapOptions.#with(this, { stack: flag(on, "stack") });
  }

  /**
   * Sets a label for anonymous memory, which Linux shows as `[anon:label]` in `/proc/self/maps`.
   *
   * Linux from 5.17, if the kernel supports it:
   * [`prctl(PR_SET_VMA)`](https://man7.org/linux/man-pages/man2/PR_SET_VMA.2const.html). No effect
   * on other kernels, macOS and Windows.
   *
   * @param label 1 to 79 printable ASCII characters without ``\ ` $ [ ]``.
   * @returns New options.
   * @throws {TypeError} If it is not a string.
   * @throws {RangeError} If it is not a valid label.
   */
  name(label: string): MmapOptions {
    if (label === undefined) throw new TypeError("The name must be a string, got undefined");
    return MmapOptions.#with(this, { name: checkedLabel(label) });
  }

  /**
   * Maps anonymous memory: zeroed, private to this process, readable and writable.
   *
   * Calls [`mmap`](https://man7.org/linux/man-pages/man2/mmap.2.html) on Linux and macOS,
   * [`VirtualAlloc`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc)
   * on Windows.
   *
   * @returns The mapping.
   * @throws {RangeError} If the length is 0, a strict hint is not a multiple of
   * {@linkcode allocationGranularity}, or options exclude each other.
   * @throws {MmapError} `EADDRNOTAVAIL` if a strict hint cannot be satisfied; another code if the
   * system refused. Nothing stays mapped.
   * @throws {Error} If the runtime does not permit FFI (Deno: `NotCapable`, use `--allow-ffi`) or
   * has none, or the system is not supported.
   *
   * @example A strict hint
   * ```ts
   * import { MmapError, MmapOptions } from "sysalloc";
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
   * Reserves addresses without memory, so that the length can be far beyond the memory of the
   * machine. The pages are inaccessible until {@linkcode Mmap.commit}.
   *
   * Calls [`mmap(PROT_NONE)`](https://man7.org/linux/man-pages/man2/mmap.2.html) on Linux and
   * macOS,
   * [`VirtualAlloc(MEM_RESERVE)`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc)
   * on Windows.
   *
   * @returns The mapping. Its `access` is `"none"`.
   * @throws {RangeError} As {@linkcode MmapOptions.mapAnon} does, and if `populate` is set.
   * @throws {MmapError} As `mapAnon()` does.
   * @throws {Error} As `mapAnon()` does.
   *
   * @example A table of a tebibyte that takes one page of memory
   * ```ts
   * import { MmapOptions, pageSize } from "sysalloc";
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
   * Maps anonymous memory twice in a row: byte `i` and byte `i + len` are the same. Any `len` bytes
   * of a ring buffer are one view, even across its end.
   *
   * No view is longer than `len`, because engines rely on the bytes of a view being distinct;
   * {@linkcode Mmap.bytes} is the first copy. The access is always `"read-write"`: such memory
   * cannot be protected, committed, decommitted, discarded or given away. It is not private to the
   * process if native code forks it.
   *
   * Calls [`mmap(MAP_SHARED | MAP_ANONYMOUS)`](https://man7.org/linux/man-pages/man2/mmap.2.html)
   * and, for the second half, [`mremap`](https://man7.org/linux/man-pages/man2/mremap.2.html) on
   * Linux,
   * [`mach_vm_remap`](https://developer.apple.com/documentation/kernel/1402218-mach_vm_remap) on
   * macOS. On Windows (10, version 1803 or later) calls
   * [`VirtualAlloc2`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc2)
   * and twice
   * [`MapViewOfFile3`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffile3)
   * for one section of the paging file.
   *
   * @returns The mapping. Its `byteLength` is `2 * len`.
   * @throws {RangeError} If the length is 0, not a multiple of {@linkcode allocationGranularity},
   * or too long to be mapped twice; or as {@linkcode MmapOptions.mapAnon} does.
   * @throws {MmapError} As `mapAnon()` does.
   * @throws {Error} As `mapAnon()` does.
   *
   * @example A message across the end of a ring
   * ```ts
   * import { allocationGranularity, MmapOptions } from "sysalloc";
   *
   * const len = allocationGranularity();
   * using ring = new MmapOptions({ len }).mapMirrored();
   * ring.view(Uint8Array, len - 2, 4).set([1, 2, 3, 4]); // two bytes at the end, two at the start
   * console.log(ring.bytes[0], ring.bytes[1]); // 3 4
   * ```
   */
  mapMirrored(): Mmap {
    const received = MmapOptions.#received(this);
    received.#refuseTarget("mapMirrored");
    return mapMirrored(received.settings, received.#request);
  }

  /**
   * Maps a file for reading, as memory that can also be stored to: a store copies its page, and
   * never reaches the file. Pages are read when they are first used.
   *
   * Calls [`mmap(MAP_PRIVATE)`](https://man7.org/linux/man-pages/man2/mmap.2.html) on Linux and
   * macOS, without reserving swap space;
   * [`CreateFileMappingW`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw)
   * and
   * [`MapViewOfFileEx(FILE_MAP_COPY)`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffileex)
   * on Windows, which commits memory or paging file for the whole length.
   *
   * @param file A path, a `file:` URL, a file descriptor, or an object with a numeric `fd`. You can
   * close it after the call.
   * @returns The mapping. Its `access` is `"copy-on-write"`, its length {@linkcode
   * MmapOptions.len}, by default the rest of the file from {@linkcode MmapOptions.offset} on.
   * @throws {TypeError} If `file` is none of these.
   * @throws {RangeError} If the range reaches past the end of the file, a strict hint is not a
   * multiple of {@linkcode allocationGranularity}, or options exclude each other.
   * @throws {MmapError} `ENOENT` if the file does not exist; `EACCES` if it must not be read;
   * `EISDIR` for a directory; `ENODEV` for a pipe or device; `EINVAL` for an empty file; `EAGAIN`
   * if others keep replacing the file at its path; `EBADF` for a closed descriptor; `ENOTSUP` for a
   * descriptor on Windows and in Deno before 2.7.13, and for a file of hugetlbfs; or as {@linkcode
   * MmapOptions.mapAnon} does. Nothing stays mapped or open.
   * @throws {Error} As `mapAnon()` does; without the runtime's permission to read the file, Deno's
   * `NotCapable` or `ERR_ACCESS_DENIED` of Node.js.
   *
   * @example The first bytes of a program
   * ```ts
   * import process from "node:process";
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions().map(process.execPath);
   * console.log(mmap.view(Uint8Array, 0, 4)); // on Linux 7f 45 4c 46: "\x7fELF"
   * ```
   */
  map(file: FileSource): Mmap {
    return MmapOptions.#received(this).#mapFile(file, MAP);
  }

  /**
   * Maps a file for reading and writing: stores reach the file, and everyone who maps it. They are
   * on the disk after {@linkcode Mmap.flush}. The library keeps the file open until `unmap()`.
   *
   * While another thread or process stores to the memory, do not pass a view of it to `sort()`
   * without a comparator or to a text decoder: engines rely on the content not to change, and the
   * process can crash. Copy the bytes by {@linkcode Mmap.read} first.
   *
   * Calls [`mmap(MAP_SHARED)`](https://man7.org/linux/man-pages/man2/mmap.2.html) on Linux and
   * macOS,
   * [`CreateFileMappingW`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw)
   * and
   * [`MapViewOfFileEx(FILE_MAP_WRITE)`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffileex)
   * on Windows.
   *
   * @param file As for {@linkcode MmapOptions.map}. A descriptor must be open for reading and
   * writing. With {@linkcode MmapOptions.create} the file need not exist.
   * @returns The mapping. Its `access` is `"read-write"`, its length as for `map()`.
   * @throws {TypeError} As `map()` does.
   * @throws {RangeError} As `map()` does.
   * @throws {MmapError} As `map()` does; `EACCES` also if the file must not be written.
   * @throws {Error} As `map()` does, also without permission to write the file.
   *
   * @example A counter in a file
   * ```ts
   * import { tmpdir } from "node:os";
   * import { join } from "node:path";
   * import { MmapOptions } from "sysalloc";
   *
   * const path = join(tmpdir(), "sysalloc-counter");
   * using mmap = new MmapOptions({ len: 8, create: true }).mapMut(path);
   * mmap.view(BigUint64Array)[0]! += 1n;
   * mmap.flush();
   * ```
   */
  mapMut(file: FileSource): Mmap {
    return MmapOptions.#received(this).#mapFile(file, MAP_MUT);
  }

  /**
   * Maps a file for reading only: the memory shows what others store to the file, and nothing can
   * store to it. It needs no permission to write, and no memory beyond the page cache.
   *
   * It has no views, because JavaScript has no read-only buffers: `bytes` and `view()` throw.
   * {@linkcode Mmap.read} copies from it, {@linkcode Mmap.wait} and {@linkcode Mmap.notify} take its
   * words, and native code gets {@linkcode Mmap.pointer}. The library keeps the file open until
   * `unmap()`.
   *
   * Calls [`mmap(PROT_READ, MAP_SHARED)`](https://man7.org/linux/man-pages/man2/mmap.2.html) on
   * Linux and macOS,
   * [`CreateFileMappingW(PAGE_READONLY)`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw)
   * and
   * [`MapViewOfFileEx(FILE_MAP_READ)`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffileex)
   * on Windows.
   *
   * @param file As for {@linkcode MmapOptions.map}.
   * @returns The mapping. Its `access` is `"read"`, its length as for `map()`. {@linkcode
   * Mmap.protect} refuses with `EACCES` to allow stores.
   * @throws {TypeError} As `map()` does.
   * @throws {RangeError} As `map()` does, and if {@linkcode MmapOptions.into} or
   * {@linkcode MmapOptions.sharedBuffer} is set, because a store of the engine would end the
   * process.
   * @throws {MmapError} As `map()` does.
   * @throws {Error} As `map()` does.
   *
   * @example A file that another handle changes
   * ```ts
   * import { writeFileSync } from "node:fs";
   * import { tmpdir } from "node:os";
   * import { join } from "node:path";
   * import { MmapOptions } from "sysalloc";
   *
   * const path = join(tmpdir(), "sysalloc-state");
   * writeFileSync(path, new Uint8Array(8));
   * using reader = new MmapOptions().mapRead(path);
   * using writer = new MmapOptions().mapMut(path); // or in another process
   * writer.bytes[0] = 42;
   * const state = new Uint8Array(8);
   * reader.read(state);
   * console.log(state[0]); // 42
   * ```
   */
  mapRead(file: FileSource): Mmap {
    return MmapOptions.#received(this).#mapFile(file, MAP_READ);
  }

  /**
   * Maps a file of machine code, which native code can call: it can be read and executed. It has no
   * views; {@linkcode Mmap.read} copies from it.
   *
   * Calls [`mmap(PROT_READ | PROT_EXEC)`](https://man7.org/linux/man-pages/man2/mmap.2.html) on
   * Linux and macOS,
   * [`MapViewOfFileEx(FILE_MAP_EXECUTE)`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffileex)
   * on Windows.
   *
   * @param file As for {@linkcode MmapOptions.map}.
   * @returns The mapping. Its `access` is `"read-execute"`, its length as for `map()`.
   * @throws {TypeError} As `map()` does.
   * @throws {RangeError} As `map()` does.
   * @throws {MmapError} As `map()` does; `EPERM` if the file system is mounted `noexec`, or a
   * policy forbids it.
   * @throws {Error} As `map()` does.
   */
  mapExec(file: FileSource): Mmap {
    return MmapOptions.#received(this).#mapFile(file, MAP_EXEC);
  }

  /**
   * Maps memory that processes share by its name, readable and writable. New memory is zeroed.
   *
   * It exists until {@linkcode removeShared} (on Windows until nobody has it mapped), at the latest
   * until the system restarts. Only this user can open it (mode 0600 under any umask). Memory that
   * another user owns or may store to is refused without {@linkcode SharedOptions.foreign}, for
   * root too. No process sees the memory before it has its full length. If several processes use
   * `"open-or-create"` at once, none of them learns that it created the memory: initialise it by
   * `Atomics.compareExchange()` of a zero, or use `"create"`, and `"open"` after `EEXIST`.
   *
   * While another thread or process stores to the memory, do not pass a view of it to `sort()`
   * without a comparator or to a text decoder: engines rely on the content not to change, and the
   * process can crash. Copy the bytes by {@linkcode Mmap.read} first.
   *
   * The memory behaves like that of {@linkcode MmapOptions.mapMut}, but becomes longer only with a
   * {@linkcode MmapOptions.capacity}, on Linux.
   * {@linkcode MmapOptions.len} is the length of new memory, and how much is mapped of existing
   * memory. Other programs find it by the same name: on Linux C's
   * [`shm_open`](https://man7.org/linux/man-pages/man3/shm_open.3.html) and Python's
   * `multiprocessing.shared_memory`; on Windows as the section `Local\<name>`.
   *
   * Linux: a file in `/dev/shm`, created by
   * [`open(O_TMPFILE)`](https://man7.org/linux/man-pages/man2/open.2.html),
   * [`fallocate`](https://man7.org/linux/man-pages/man2/fallocate.2.html) and
   * [`linkat`](https://man7.org/linux/man-pages/man2/link.2.html); without `O_TMPFILE` or `/proc`,
   * under another name until it is complete. Creating allocates all memory (about 0.1 s for a
   * gibibyte), so that no store runs out of it: at most what `/dev/shm` has room for, and nine
   * tenths of what the machine and the control groups of the process have available, which is read
   * anew after each 4 MiB. With {@linkcode MmapOptions.noReserve} it allocates nothing, and stores
   * are lost when `/dev/shm` is full ({@linkcode Mmap.lostByteLength}; without
   * {@linkcode MmapOptions.truncationGuard} such a store ends the process).
   *
   * macOS: the file `sysalloc-<name>` in the user's temporary folder
   * ([`confstr`](https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man3/confstr.3.html)),
   * without allocation. The system removes files there that nobody used for three days.
   *
   * Windows:
   * [`CreateFileMappingW`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw)
   * and
   * [`OpenFileMappingW`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-openfilemappingw)
   * for a section of the paging file, whose length is whole pages.
   *
   * @param name 1 to 255 bytes of UTF-8 (246 on macOS); not `.` or `..`, without `/`, `\` and NUL.
   * A `/` at the start, as in C programs, is ignored. Names are case-sensitive, except on macOS.
   * @param options Whether to create the memory, and whose it may be. Default: it must exist.
   * @returns The mapping. Its `access` is `"read-write"`, its length `len`, by default that of the
   * memory.
   * @throws {TypeError} If an argument is of the wrong type, or an option is unknown.
   * @throws {RangeError} If the name or mode is not valid; if the memory is shorter than `len`; if
   * it is to be created and `len` is 0; if an offset, huge pages, `stack()` or `name()` is set; or
   * if a strict hint is not a multiple of {@linkcode allocationGranularity}.
   * @throws {MmapError} `ENOENT` if it does not exist and the mode is `"open"`; `EEXIST` if it
   * exists and the mode is `"create"`; `EACCES` if it belongs to another user, or others may store
   * to it; `ENOSPC` (Linux) or `ENOMEM` if there is too little memory; `EFBIG` on Linux and macOS
   * if the process may not make a file of this length (`ulimit -f`); `EAGAIN` if another program is
   * creating it; `ENAMETOOLONG` on macOS above 246 bytes; `ELOOP`, `EISDIR` or another code if
   * something else has this name; `ENOTSUP` if the system has no `/dev/shm`, or as {@linkcode
   * MmapOptions.mapMut} does. Nothing stays mapped, open or created.
   * @throws {Error} As `mapAnon()` does; on Linux and macOS, without the runtime's permission to
   * read and write the file, Deno's `NotCapable` or `ERR_ACCESS_DENIED` of Node.js.
   *
   * @example Two handles, as two processes would have them
   * ```ts
   * import { MmapOptions, removeShared } from "sysalloc";
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
    return mapShared(
      name,
      options,
      received.settings,
      received.#request,
      received.#engineTarget,
    );
  }

  #map(call: "mapAnon" | "reserve"): Mmap {
    this.#refuseTarget(call);
    if (this.settings.sharedBuffer && call === "mapAnon") {
      return mapSharedBuffer(this.settings, this.#request);
    }
    const plan = call === "mapAnon"
      ? this.#memory ??= planAnonymous(this.settings, this.#request, call)
      : this.#reserved ??= planAnonymous(this.settings, this.#request, call);
    return mapAnonymous(plan, this.settings);
  }

  #mapFile(file: FileSource, kind: FileKind): Mmap {
    if (kind === MAP_EXEC || kind === MAP_READ) {
      const call = kind === MAP_EXEC ? "mapExec" : "mapRead";
      this.#refuseTarget(call);
      if (this.settings.sharedBuffer) {
        throw new RangeError(
          `Memory of ${call}() has no views, and so no buffer: drop sharedBuffer()`,
        );
      }
    }
    return mapFile(file, kind, this.settings, this.#request, this.#engineTarget);
  }

  static #with(options: MmapOptions, change: Partial<MmapSettings>): MmapOptions {
    const { settings } = MmapOptions.#received(options);
    return new Checked(changed(settings, change), CHECKED, options.#target);
  }

  /** The request for memory, made when it is needed: most options of a chain are never mapped. */
  get #request(): MapRequest {
    return requestOf(this.settings);
  }

  /** Where in memory of the engine to map, if anywhere. */
  get #engineTarget(): EngineTarget | undefined {
    if (!this.settings.sharedBuffer) return this.#target;
    this.#refuseTarget("sharedBuffer");
    return NEW_MEMORY;
  }

  #refuseTarget(call: string): void {
    if (this.#target === undefined) return;
    throw new RangeError(
      `into() is for map(), mapMut() and mapShared(), and not for ${call}(): drop into()`,
    );
  }

  static #received(options: MmapOptions): MmapOptions {
    if (
      typeof options === "object" && options !== null && #target in options
    ) return options;
    throw new TypeError(
      `The receiver must be an MmapOptions, got ${describe(options)}`,
    );
  }
}

const Checked = MmapOptions as new (
  settings: MmapSettings,
  key: typeof CHECKED,
  target: EngineTarget | undefined,
) => MmapOptions;
