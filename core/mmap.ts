/**
 * {@linkcode Mmap}: the handle of one mapping.
 *
 * @module
 */
import { currentRuntime, host } from "../ffi/host.ts";
import type { Advice } from "../ffi/os/contract/residency.ts";
import type { Pointer } from "../ffi/runtime/runtime.ts";
import {
  byteCount,
  countOrAll,
  describe,
  memoryAddress,
  oneOf,
  rangeInAddressSpace,
  timeMs,
  word32,
} from "./checks/arguments.ts";
import { checkFewFrames } from "./checks/call_stack.ts";
import { hex, MmapError } from "./checks/errors.ts";
import { printAs } from "./checks/inspect.ts";
import { searchRange } from "./checks/ranges.ts";
import { type Access, ACCESSES } from "./lifetime/mapping_info.ts";
import { type MappingPlan, plainPlan } from "./lifetime/mapping_plan.ts";
import { type MmapPin, pin } from "./lifetime/pins.ts";
import { discard, flush } from "./pages/content.ts";
import { bytesOf, copy, copyRange } from "./pages/copying.ts";
import { Mapping } from "./pages/mapping.ts";
import { count, type MmapRange, split } from "./pages/matches.ts";
import { filledPattern, patternBytes } from "./pages/pattern.ts";
import { prefault, type PrefaultOptions } from "./pages/prefault.ts";
import { advise, isForWholePages, lock, resident, unlock } from "./pages/residency.ts";
import { indexOf, lastIndexOf } from "./pages/searching.ts";
import { viewRange } from "./pages/view_range.ts";
import { type ViewConstructor, type ViewOf, viewType } from "./pages/view_type.ts";
import { resize } from "./placing/resize.ts";
import { type MmapTicket, redeem, releaseTicket, share } from "./sharing/tickets.ts";
import { flushAsync, type FlushAsyncOptions } from "./waiting/flush_async.ts";
import { waitAsync, type WaitAsyncOptions } from "./waiting/wait_async.ts";
import { notify, wait, type WaitResult, wordRange } from "./waiting/waiting.ts";

/** The address and length of a mapping that no handle owns. */
export interface RawMmap {
  /** The address of the first byte. */
  readonly address: bigint;
  /** The length in bytes. */
  readonly byteLength: number;
}

/** Maps, and makes the handle; not part of the public API. */
export let adopt: (plan: MappingPlan) => Mmap;

// A value that only this module can pass to the constructor.
const KEY = Symbol();

/** Functions cannot be cloned, and V8 puts their text into the message of the error. */
const REFUSE_CLONE = () => "An Mmap is handed over by the ticket that share() returns";

/**
 * A mapping: memory of the operating system. {@linkcode Mmap.unmap}, or the end of a `using` block,
 * returns it to the system; so does the garbage collector once neither the handle nor a view is
 * reachable.
 *
 * Views cannot outlive the mapping: unmapping detaches their buffers, so that typed arrays get
 * length 0 and a `DataView` throws. A pending call of the runtime, such as a file read into a view,
 * may still use the buffer. The memory is freed immediately then, and the address range stays
 * reserved until nothing refers to a buffer.
 *
 * Four uses are beyond this protection:
 * - a view that is sorted or decoded as text while another thread or process stores to it;
 * - an address that you gave to native code;
 * - a buffer that was transferred away, if the handle is then dropped without `unmap()`;
 * - a worker that ends, which unmaps nothing.
 *
 * Ranges are `(byteOffset, byteLength)` in bytes. By default they start at 0, and reach to the end
 * of the mapping. For a range of length 0, which may be at the end, a call checks its arguments and
 * does nothing else.
 *
 * @example Map, use, unmap
 * ```ts
 * import { MmapOptions } from "sysalloc";
 *
 * using mmap = new MmapOptions({ len: 1 << 20 }).mapAnon();
 * const counters = mmap.view(BigUint64Array);
 * counters[0] = 42n;
 * console.log(mmap, mmap.bytes[0]); // Mmap { … } 42
 * ```
 */
export class Mmap implements Disposable {
  /**
   * Makes `postMessage()` and `structuredClone()` throw. Without it, they would clone a handle to
   * `{}`.
   */
  private readonly clone: () => string = REFUSE_CLONE;
  #mapping: Mapping;

  static {
    adopt = (plan) => new Mmap(KEY, plan);
    printAs(this.prototype as Mmap, (mmap) => {
      if (!(#mapping in mmap)) return "Mmap {}";
      const { address, byteLength } = mmap.#mapping;
      return byteLength === 0
        ? "Mmap { closed }"
        : `Mmap { address: ${hex(address)}, byteLength: ${byteLength} }`;
    });
  }

  private constructor(key: typeof KEY, plan: MappingPlan) {
    if (key !== KEY) {
      throw new TypeError(
        "Mmap has no public constructor: call mapAnon() or another method of MmapOptions",
      );
    }
    this.#mapping = new Mapping(plan);
  }

  /**
   * Takes ownership of memory that {@linkcode Mmap.intoRaw} gave away, in this or another thread of
   * the process.
   *
   * Unsafe: the range must be exactly what one `intoRaw()` returned, must be mapped readable and
   * writable, and must have no other owner. Anything else can crash the process or corrupt memory.
   *
   * @param address The address of the first byte, a multiple of the page size.
   * @param byteLength The length in bytes, above 0.
   * @returns The handle that owns the memory.
   * @throws {TypeError} If an argument is not a whole number or a bigint.
   * @throws {RangeError} If an argument is out of range.
   *
   * @example From one thread to another
   * ```ts
   * import { Mmap, MmapOptions } from "sysalloc";
   *
   * const raw = new MmapOptions({ len: 4096 }).mapAnon().intoRaw();
   * // …postMessage(raw), and in the other thread:
   * using mmap = Mmap.unsafeFromRaw(raw.address, raw.byteLength);
   * console.log(mmap.byteLength); // 4096
   * ```
   */
  static unsafeFromRaw(address: number | bigint, byteLength: number | bigint): Mmap {
    const start = memoryAddress(address, "The address");
    const length = byteCount(byteLength, "The length");
    if (length === 0) throw new RangeError("The length must be greater than 0");
    rangeInAddressSpace(start, length);
    const pageSize = BigInt(host().os.pageSize);
    if (start === 0n || start % pageSize !== 0n) {
      throw new RangeError(
        `The address must be a multiple of the page size, ${pageSize} bytes, and not 0, got ${
          hex(start)
        }`,
      );
    }
    return adopt(plainPlan(() => start, length, BigInt(length), "read-write"));
  }

  /**
   * Makes a handle of memory that another handle shares, in any thread of the process. Both have
   * the same memory at the same address, and each is unmapped by itself.
   *
   * A ticket makes one handle: after that it is invalid, and so are its copies. If the call throws,
   * the ticket stays valid.
   *
   * @param ticket The ticket of {@linkcode Mmap.share}, or a clone of it.
   * @returns The handle.
   * @throws {TypeError} If `ticket` is not such an object.
   * @throws {MmapError} `EBADF` if the ticket is invalid: it was used or released, never existed,
   * or belongs to another process.
   * @throws {Error} As {@linkcode MmapOptions.mapAnon} does.
   *
   * @example In a worker
   * ```ts
   * import { Mmap, MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 65536 }).mapAnon();
   * const ticket = mmap.share(); // …postMessage(ticket), and in the worker:
   * using same = Mmap.fromTicket(ticket);
   * same.bytes[0] = 42;
   * console.log(mmap.bytes[0]); // 42
   * ```
   */
  static fromTicket(ticket: MmapTicket): Mmap {
    const plan = redeem(ticket);
    const mmap = adopt(plan);
    const { backing, share, isUniform } = plan;
    // Other handles may have changed pages, or found that a file was truncated.
    if (!isUniform || backing !== undefined) mmap.#mapping.track(share.snapshot);
    return mmap;
  }

  /**
   * Gives up a ticket that nobody will use. Without this call it keeps the memory until the process
   * ends: a ticket is a plain object, which the garbage collector does not watch.
   *
   * @param ticket The ticket of {@linkcode Mmap.share}, or a clone of it, in any thread of the
   * process.
   * @throws {TypeError} As {@linkcode Mmap.fromTicket} does.
   * @throws {MmapError} `EBADF` as {@linkcode Mmap.fromTicket} does, for example if the ticket was
   * used.
   *
   * @example A worker that did not start
   * ```ts
   * import { Mmap, MmapOptions } from "sysalloc";
   *
   * const mmap = new MmapOptions({ len: 65536 }).mapAnon();
   * const ticket = mmap.share();
   * Mmap.release(ticket);
   * mmap.unmap(); // the last handle: the memory is freed
   * ```
   */
  static release(ticket: MmapTicket): void {
    releaseTicket(ticket);
  }

  /** The address of the first byte; `0n` when closed. */
  get address(): bigint {
    return Mmap.#of(this).address;
  }

  /**
   * The address in the form that this runtime's FFI takes for a pointer: `Deno.PointerObject`,
   * `Pointer` of `bun:ffi`, or a `bigint` in Node.js.
   *
   * Native code must not use the memory after `unmap()`, or after the handle was collected: views
   * are protected, pointers are not. {@linkcode Mmap.pin} keeps the memory for calls that run on.
   *
   * @throws {MmapError} `EBADF` if the mapping is closed.
   */
  get pointer(): Pointer {
    return currentRuntime().pointer(Mmap.#opened(this).address);
  }

  /**
   * Returns the address of one byte in the form of {@linkcode Mmap.pointer}.
   *
   * @param byteOffset The place of the byte, within the mapping.
   * @returns The pointer.
   * @throws {TypeError} If the place is not a whole number or a bigint.
   * @throws {RangeError} If there is no such byte.
   * @throws {MmapError} `EBADF` if the mapping is closed.
   */
  pointerAt(byteOffset: number | bigint): Pointer {
    const mapping = Mmap.#opened(this);
    const { start } = mapping.byteRange(byteOffset, 1);
    const { allocation, info } = mapping;
    return currentRuntime().pointer(allocation.address + BigInt(info.guardByteLength + start));
  }

  /**
   * Keeps the memory where it is while native code uses it by its {@linkcode Mmap.pointer}, for
   * calls that run on after they return.
   *
   * Until the pin is disposed, the mapping is not collected, and {@linkcode Mmap.unmap},
   * {@linkcode Mmap.protect}, {@linkcode Mmap.unsafeProtect}, {@linkcode Mmap.decommit},
   * {@linkcode Mmap.intoRaw} and {@linkcode Mmap.resize} (within a capacity, only to become shorter)
   * throw `EBUSY`; so does the end of a `using` block of the handle. Declare the pin after the handle with `using`, so that it ends first.
   * Pins add up. A pin that is dropped and never disposed keeps the memory for ever, because nobody
   * sees when native code has forgotten an address.
   *
   * If the memory is shared, handles in other threads can be unmapped, and the memory stays: it
   * lives as long as this handle, and nobody can protect, decommit or resize shared memory. Calls
   * that change only content, such as {@linkcode Mmap.discard}, are not refused. A file that becomes
   * shorter takes its pages with it.
   *
   * @returns The pin.
   * @throws {MmapError} `EBADF` if the mapping is closed; `ENOTSUP` for a `WebAssembly.Memory` that
   * is not shared, because the engine moves it when it grows.
   *
   * @example A call of C that runs on
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 65536 }).mapAnon();
   * {
   *   using _pin = mmap.pin();
   *   const target = mmap.pointerAt(4096);
   *   // await library.read_later(target, 1024);
   *   void target;
   * } // the pin ends, and mmap can be unmapped
   * ```
   */
  pin(): MmapPin {
    return pin(Mmap.#opened(this));
  }

  /**
   * The length in bytes as it was asked for, not rounded up to pages; 0 when closed. Other handles
   * of memory with a {@linkcode MmapOptions.capacity} can make it longer.
   */
  get byteLength(): number {
    return Mmap.#of(this).byteLength;
  }

  /** Whether the length is 0, which means that the mapping is closed. */
  get isEmpty(): boolean {
    return Mmap.#of(this).byteLength === 0;
  }

  /**
   * Whether the memory was unmapped or given away, or moved by its engine: see
   * {@linkcode MmapOptions.into}.
   */
  get closed(): boolean {
    return Mmap.#of(this).byteLength === 0;
  }

  /**
   * All bytes of the mapping as a view: the same array until it is detached. For
   * {@linkcode MmapOptions.mapMirrored}, the first copy.
   *
   * Every change of access detaches it, because it overlaps all pages: call {@linkcode Mmap.view}
   * for the part that you use.
   *
   * In Bun avoid it for mappings of more than 64 MiB, because Bun counts the length of an array as
   * JavaScript heap: call {@linkcode Mmap.view} for the part that you use.
   *
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` if its buffer was transferred
   * away; `EACCES` if the access is not `"read-write"` or `"copy-on-write"` throughout; `EFAULT` if
   * the file has lost a page.
   * @throws {RangeError} If the mapping is longer than {@linkcode maxViewByteLength}: use `view()`.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    return Mmap.#opened(this).trackViews().bytes;
  }

  /**
   * The buffer of {@linkcode Mmap.bytes}, which can be longer than the mapping. For
   * {@linkcode MmapOptions.into} it is the present `memory.buffer`, and for
   * {@linkcode MmapOptions.sharedBuffer} a `SharedArrayBuffer`: `unmap()` does not detach these two.
   *
   * @throws {MmapError} As {@linkcode Mmap.bytes} does.
   * @throws {RangeError} As {@linkcode Mmap.bytes} does.
   */
  get buffer(): ArrayBufferLike {
    return Mmap.#opened(this).trackViews().bytes.buffer;
  }

  /**
   * The place of the first byte in {@linkcode Mmap.buffer}. For {@linkcode MmapOptions.into} it is
   * the address for the module. For others it is 0, except with an {@linkcode MmapOptions.offset}
   * within a page.
   *
   * @throws {MmapError} As {@linkcode Mmap.bytes} does.
   * @throws {RangeError} As {@linkcode Mmap.bytes} does.
   */
  get byteOffset(): number {
    return Mmap.#opened(this).trackViews().bytes.byteOffset;
  }

  /**
   * Makes a view of a part of the mapping: a typed array or a `DataView`. Nothing is copied, and
   * all views see the same memory.
   *
   * A view shares its `buffer` with others of nearly the same bytes. The buffer is up to 64 KiB, or
   * an eighth of the view, longer at each end, and longer still in a mapping that already has more
   * than 1,000 buffers. {@linkcode Mmap.protect} and {@linkcode Mmap.decommit} detach the buffers
   * that overlap the changed pages; views of all other bytes stay.
   *
   * `structuredClone()` and `postMessage()` of a view copy the whole buffer: clone `view.slice()`
   * instead.
   *
   * While another thread or process stores to the memory, do not pass a view of it to `sort()`
   * without a comparator or to a text decoder: engines rely on the content not to change, and the
   * process can crash. Copy the bytes by {@linkcode Mmap.read} first.
   *
   * @typeParam V The type of the view.
   * @param type The constructor: `Float32Array`, `DataView`, …, or `Buffer` of `node:buffer`, which
   * makes a `Buffer` (without the deprecation warning of `new Buffer()`).
   * @param byteOffset The start in bytes; for a typed array a multiple of its element size (a
   * `DataView` reads and stores unaligned values). Default: 0.
   * @param length The number of elements (of bytes for a `DataView`). Default: up to the end of the
   * mapping, which must be whole elements; in mirrored memory at most one copy.
   * @returns The view. Once the mapping is closed it has length 0 (a `DataView` throws).
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the view is out of bounds, not aligned, longer than
   * {@linkcode maxViewByteLength}, or longer than one copy of mirrored memory.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EACCES` if the access of these pages is
   * not `"read-write"` or `"copy-on-write"`; `EBUSY` if a buffer was transferred away; `EFAULT` if
   * the file has lost one of the pages.
   *
   * @example A header and its payload
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 4096 }).mapAnon();
   * const header = mmap.view(DataView, 0, 16);
   * const payload = mmap.view(Float32Array, 16);
   * header.setUint32(0, payload.length, true);
   * console.log(payload.length); // 1020
   * ```
   */
  view(
    type: DataViewConstructor,
    byteOffset?: number | bigint,
    length?: number | bigint,
  ): DataView<ArrayBuffer>;
  /** Makes a view of a part of the mapping: see the first signature. */
  view<V extends ArrayBufferView>(
    type: ViewConstructor<V>,
    byteOffset?: number | bigint,
    length?: number | bigint,
  ): V;
  /** Makes a view of one of several types: see the first signature. */
  view<T extends ViewConstructor<ArrayBufferView>>(
    type: T,
    byteOffset?: number | bigint,
    length?: number | bigint,
  ): ViewOf<T>;
  view(
    type: ViewConstructor<ArrayBufferView>,
    byteOffset: number | bigint = 0,
    length?: number | bigint,
  ): ArrayBufferView {
    // First: a getter or a trap of the type may unmap.
    const { maker, elementByteLength } = viewType(type);
    const mapping = Mmap.#opened(this);
    const range = viewRange(elementByteLength, byteOffset, length, mapping.info);
    return mapping.trackViews().view(maker, range);
  }

  /**
   * Returns an `ArrayBuffer` of exactly these bytes, without copying them: for libraries that take
   * one, and for `structuredClone()`, which copies nothing else then. `unmap()`, `protect()` and
   * other calls detach it as they do with views. The same range has the same buffer as long as that
   * is reachable; a range of no bytes has a new one each time.
   *
   * The mapping keeps the buffer of each different range, about 1 KB of heap, until it is detached;
   * in Bun from 1.4 on, a mapping above 64 MiB does not. Bun counts the length of the buffer as
   * JavaScript heap.
   *
   * Atomic operations need elements at multiples of their size in memory: on some ARM processors
   * `Atomics` on a buffer whose address is no multiple of 8 end the process. The address of byte 0
   * is one, except with an {@linkcode MmapOptions.offset}.
   *
   * @param byteOffset The start in bytes, of any alignment. Default: 0.
   * @param byteLength The length in bytes. Default: up to the end of the mapping; in mirrored
   * memory at most one copy.
   * @returns The buffer. Once the mapping is closed its length is 0.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is out of bounds, longer than {@linkcode maxViewByteLength},
   * or longer than one copy of mirrored memory.
   * @throws {MmapError} As {@linkcode Mmap.bytes} does, for these bytes; `ENOTSUP` for memory of
   * {@linkcode MmapOptions.into} and {@linkcode MmapOptions.sharedBuffer}, which is part of a longer
   * buffer.
   *
   * @example A record for another thread
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 2 ** 20 }).mapAnon();
   * mmap.write(Uint8Array.of(1, 2, 3), 4096);
   * const record = structuredClone(mmap.arrayBuffer(4096, 3)); // copies 3 bytes
   * console.log(new Uint8Array(record)); // Uint8Array(3) [ 1, 2, 3 ]
   * ```
   */
  arrayBuffer(byteOffset: number | bigint = 0, byteLength?: number | bigint): ArrayBuffer {
    const mapping = Mmap.#opened(this);
    return mapping.trackViews().arrayBuffer(viewRange(1, byteOffset, byteLength, mapping.info));
  }

  /**
   * Whether the mapping has lost pages because its file became shorter: a load, a store or a call
   * hit such a page, and the file ends before the mapping does. If the file was deleted, so that
   * the system does not report its length, the value is true if the end of the mapping is lost.
   *
   * @throws {MmapError} `EBADF` if the mapping is closed.
   */
  get truncated(): boolean {
    return Mmap.#opened(this).pages?.areTruncated ?? false;
  }

  /**
   * The length of the pages that the mapping has lost, up to its end, in bytes.
   *
   * A page is lost when a load or store hits it and the file cannot provide it: the file was
   * {@linkcode Mmap.truncated}, its disk is full, or it cannot be read. Lost pages read as zero,
   * and stores to them reach no file. `bytes`, `view()`, {@linkcode Mmap.read}, {@linkcode
   * Mmap.write}, {@linkcode Mmap.flush} and other calls throw `EFAULT` for a range with a lost
   * page; all other bytes stay as they are. Always 0 without a guard: {@linkcode
   * Mmap.truncationGuarded}.
   *
   * @throws {MmapError} `EBADF` if the mapping is closed.
   */
  get lostByteLength(): number {
    return Mmap.#opened(this).pages?.lostByteLength ?? 0;
  }

  /**
   * Whether views survive truncation of the file: {@linkcode MmapOptions.truncationGuard}.
   *
   * False for anonymous memory, on macOS, on Windows (where a mapped file cannot be truncated), if
   * a security policy forbids executable memory, if the guard was turned off, and while another
   * handler of `SIGBUS` has replaced the guard's, such as that of `process.on("SIGBUS")` in
   * Node.js.
   *
   * @throws {MmapError} `EBADF` if the mapping is closed.
   */
  get truncationGuarded(): boolean {
    return Mmap.#opened(this).isGuarded;
  }

  /**
   * The access of the memory, or `"mixed"` if parts differ.
   *
   * @throws {MmapError} `EBADF` if the mapping is closed.
   */
  get access(): Access | "mixed" {
    return Mmap.#opened(this).access;
  }

  /**
   * Returns the access of one byte.
   *
   * @param byteOffset The place of the byte.
   * @returns The access.
   * @throws {RangeError} If there is no such byte.
   * @throws {MmapError} `EBADF` if the mapping is closed.
   */
  accessAt(byteOffset: number | bigint): Access {
    return Mmap.#opened(this).accessAt(byteOffset);
  }

  /**
   * Changes the access of whole pages. Detaches the views whose buffers overlap them (see
   * {@linkcode Mmap.view}), and no others; new views need `"read-write"` or `"copy-on-write"`.
   * Reserved and decommitted pages are committed, zeroed,
   * unless the access is `"none"`.
   *
   * A pending call of the runtime, such as a compression, may still use a buffer of the pages.
   * So an access that forbids stores is refused with `EBUSY` until the buffers are collected.
   * {@linkcode Mmap.write} and {@linkcode Mmap.read} make no buffer: use them to fill memory that
   * you protect later. {@linkcode Mmap.unsafeProtect} does not check.
   *
   * Calls [`mprotect`](https://man7.org/linux/man-pages/man2/mprotect.2.html) on Linux and macOS,
   * [`VirtualAlloc`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc)
   * and
   * [`VirtualProtect`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualprotect)
   * on Windows.
   *
   * @param access The access: `"copy-on-write"` is for memory of {@linkcode MmapOptions.map} and
   * {@linkcode MmapOptions.mapExec}, `"read-write"` for all other memory except that of
   * {@linkcode MmapOptions.mapRead}, which allows no stores.
   * @param byteOffset The start: a multiple of {@linkcode pageSize}. Default: 0.
   * @param byteLength The length: a multiple of the page size, or up to the end. Default: up to the
   * end.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If there is no such access, or the range is not whole pages of the
   * mapping.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` if a buffer of the pages is not
   * yet collected (views are detached then), was transferred away, or is in use (Bun from 1.4),
   * while the mapping is shared, or while {@linkcode Mmap.waitAsync} waits for a word in pages that
   * would forbid stores, or while the mapping is pinned; `ENOTSUP` for mirrored memory; another code if the system refused, as some
   * refuse `"read-execute"`; `EACCES` for stores to memory of {@linkcode MmapOptions.mapRead}. The
   * access stays as it was.
   *
   * @example A table that cannot be overwritten
   * ```ts
   * import { MmapOptions, pageSize } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 2 * pageSize() }).mapAnon();
   * mmap.write(Uint8Array.of(42));
   * mmap.protect("read", 0, pageSize());
   * console.log(mmap.access, mmap.accessAt(0)); // mixed read
   * ```
   */
  protect(access: Access, byteOffset: number | bigint = 0, byteLength?: number | bigint): void {
    const mapping = Mmap.#opened(this);
    oneOf(ACCESSES, access, "The access");
    mapping.protect(mapping.pageRange(byteOffset, byteLength), access, true);
  }

  /**
   * Changes the access of whole pages like {@linkcode Mmap.protect}, but even if a buffer of them
   * is not yet collected.
   *
   * Unsafe: if a pending call of the runtime uses such a buffer and the access forbids it, the
   * process ends. Await all calls that got a view of the pages first.
   *
   * Calls the same functions as {@linkcode Mmap.protect}.
   *
   * @param access The access.
   * @param byteOffset The start: a multiple of {@linkcode pageSize}. Default: 0.
   * @param byteLength The length: a multiple of the page size, or up to the end. Default: up to the
   * end.
   * @throws The errors of {@linkcode Mmap.protect}, except for buffers that are not yet collected.
   *
   * @example Freeze what was filled through a view
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 65536 }).mapAnon();
   * mmap.view(Float64Array).fill(0.5);
   * mmap.unsafeProtect("read"); // no pending call has the view
   * ```
   */
  unsafeProtect(
    access: Access,
    byteOffset: number | bigint = 0,
    byteLength?: number | bigint,
  ): void {
    const mapping = Mmap.#opened(this);
    oneOf(ACCESSES, access, "The access");
    mapping.protect(mapping.pageRange(byteOffset, byteLength), access, false);
  }

  /**
   * Makes pages with access `"none"` readable and writable. Pages of {@linkcode
   * MmapOptions.reserve} and {@linkcode Mmap.decommit} get zeroed memory. Pages with another access
   * stay as they are.
   *
   * Calls the same functions as {@linkcode Mmap.protect}.
   *
   * @param byteOffset The start: a multiple of {@linkcode pageSize}.
   * @param byteLength The length: a multiple of the page size, or up to the end.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is not whole pages of the mapping.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` while it is shared; `ENOTSUP` for
   * memory of files, mirrored memory and huge pages; `ENOMEM` if there is too little memory.
   * Nothing changes then.
   *
   * @example Grow in place
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 2 ** 40 }).reserve();
   * mmap.commit(0, 65536);
   * mmap.view(Uint8Array, 0, 65536)[65535] = 1;
   * ```
   */
  commit(byteOffset: number | bigint, byteLength: number | bigint): void {
    const mapping = Mmap.#opened(this);
    mapping.commit(mapping.pageRange(byteOffset, byteLength));
  }

  /**
   * Frees the memory of whole pages and makes them inaccessible, until {@linkcode Mmap.commit}
   * makes them zeroed memory again. Detaches the views whose buffers overlap them (see
   * {@linkcode Mmap.view}), and no others. Pages that were ever viewed stay accessible to native code, because a pending call of the runtime may use them.
   *
   * Calls [`mmap`](https://man7.org/linux/man-pages/man2/mmap.2.html) over the pages on Linux and
   * macOS,
   * [`VirtualFree`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualfree)
   * on Windows; for pages that were viewed, the functions of {@linkcode Mmap.unmap}.
   *
   * @param byteOffset The start: a multiple of {@linkcode pageSize}.
   * @param byteLength The length: a multiple of the page size, or up to the end.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is not whole pages of the mapping.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` if a buffer of the pages was
   * transferred away or is in use (Bun from 1.4), while the mapping is shared or pinned, or while
   * {@linkcode Mmap.waitAsync} waits for a word of them; `ENOTSUP` as `commit()`; another code if the system
   * refused. Pages before the refused ones may be decommitted then: check them with {@linkcode
   * Mmap.accessAt}.
   */
  decommit(byteOffset: number | bigint, byteLength: number | bigint): void {
    const mapping = Mmap.#opened(this);
    mapping.decommit(mapping.pageRange(byteOffset, byteLength));
  }

  /**
   * Frees the memory of whole pages that stay readable and writable. Anonymous memory is zero
   * afterwards; memory of {@linkcode MmapOptions.map} has the file's content again (Linux only).
   * Views stay attached. If the memory is shared, all handles see the change.
   *
   * Calls [`madvise(MADV_DONTNEED)`](https://man7.org/linux/man-pages/man2/madvise.2.html) on
   * Linux, [`mmap`](https://man7.org/linux/man-pages/man2/mmap.2.html) over the pages on macOS. On
   * Windows stores zeros, and calls
   * [`DiscardVirtualMemory`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-discardvirtualmemory).
   *
   * @param byteOffset The start: a multiple of {@linkcode pageSize}. Default: 0.
   * @param byteLength The length: a multiple of the page size, or up to the end. Default: up to the
   * end.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is not whole pages of the mapping.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EACCES` if the access is not
   * `"read-write"` or `"copy-on-write"` throughout; `ENOTSUP` for memory of
   * {@linkcode MmapOptions.mapMut}, {@linkcode MmapOptions.mapShared},
   * {@linkcode MmapOptions.mapMirrored} or huge pages, and on macOS and Windows of any file;
   * `EFAULT` if the file has lost a page.
   */
  discard(byteOffset: number | bigint = 0, byteLength?: number | bigint): void {
    const mapping = Mmap.#opened(this);
    const range = mapping.pageRange(byteOffset, byteLength);
    discard(mapping.track(), range);
  }

  /**
   * Makes the mapping longer or shorter. The content stays, up to the shorter length; new bytes are
   * zero, except in the last page of a mapping that was shorter before. Without a
   * {@linkcode MmapOptions.capacity}, the address can change, and views are detached: ask for new
   * ones.
   *
   * Without an argument, takes the present length of the file, from the mapping's offset on: of
   * memory with a capacity, and of {@linkcode MmapOptions.mapMut}. So a reader follows a file that
   * becomes longer, or was truncated.
   *
   * A mapping of `mapMut()` that becomes longer also makes its file longer if needed; one that
   * becomes shorter leaves the file as it is. Other memory of files, and memory of
   * {@linkcode MmapOptions.mapShared}, can only become shorter. Memory that moves starts at any
   * page, whatever `align()` was.
   *
   * Within a capacity, the address stays, and growth detaches no view. A mapping that becomes shorter
   * detaches the views of what goes, and views before it if their buffer reaches so far: up to
   * 64 KiB, or an eighth of the view, behind its end (see {@linkcode Mmap.view}). Memory that goes is
   * freed; pages that were ever viewed stay accessible to native code, because a pending call of the
   * runtime may use them, and may store to them even after the mapping has become longer again. New
   * bytes have the access of the last byte before them. On Windows, pages of `map()` that were
   * stored to and went show these stores when they come back; elsewhere they show the file.
   *
   * Within a capacity, memory of {@linkcode MmapOptions.map} and {@linkcode MmapOptions.mapExec} can
   * become as long as its file, and memory of `mapShared()` makes the named memory longer for all
   * processes. Memory that is shared by {@linkcode Mmap.share} can become longer, but not shorter:
   * every handle has the new length at its next call. If several threads make it longer at once, the
   * greatest length stays, and no call fails.
   *
   * Linux: moves anonymous memory by
   * [`mremap`](https://man7.org/linux/man-pages/man2/mremap.2.html), without copying, except memory
   * that was committed piece by piece. macOS: grows in place if the addresses behind are free, else
   * copies. Windows: always copies, and keeps the addresses of a mapping that became shorter. Within
   * a capacity: [`mprotect`](https://man7.org/linux/man-pages/man2/mprotect.2.html) on Linux and
   * macOS,
   * [`VirtualAlloc(MEM_COMMIT)`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc)
   * on Windows, the functions of {@linkcode Mmap.decommit} to become shorter, and for a file
   * [`fallocate`](https://man7.org/linux/man-pages/man2/fallocate.2.html) on Linux,
   * [`CreateFileMapping`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw)
   * and
   * [`MapViewOfFile3`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffile3)
   * on Windows.
   *
   * @param byteLength The new length in bytes, above 0. Default: up to the present end of the file.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is 0, negative, above 2^53 - 1, or beyond the capacity; or if the
   * file of `map()` with a capacity is shorter.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` if a buffer was transferred away
   * or is in use (Bun from 1.4), while the mapping is pinned or shared (within a capacity, only to
   * become shorter), or while {@linkcode Mmap.waitAsync} or {@linkcode Mmap.flushAsync} is pending
   * (within a capacity, for bytes that go); `EACCES` if the access is mixed without a capacity, or if
   * it is `"none"`, the memory was ever committed, and it must be copied; `ENOTSUP` with guard pages
   * or huge pages but no capacity, growth of a file that cannot grow (on macOS, and for file systems
   * without `fallocate`, also growth of the file while its memory is shared), or without a length if
   * no file is open; `EINVAL` if the file ends before the mapping starts; `EFAULT` if the file has
   * lost a page that stays; `ENOSPC` if `/dev/shm` is full; `EFBIG` if the process may not make the
   * file as long (`ulimit -f`); `ENOMEM` or another code if the system refused. Memory and file stay
   * as they were, but on Windows, within a capacity, the file can be longer.
   *
   * @example A buffer that grows
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 65536 }).mapAnon();
   * mmap.bytes[0] = 42;
   * mmap.resize(1 << 20);
   * console.log(mmap.bytes[0], mmap.byteLength); // 42 1048576
   * ```
   */
  resize(byteLength?: number | bigint): void {
    const length = byteLength === undefined ? undefined : byteCount(byteLength, "The length");
    if (length === 0) throw new RangeError("The length must be greater than 0");
    resize(Mmap.#opened(this), length);
  }

  /**
   * Copies bytes out of the mapping, whatever their access except `"none"`. A page that the file
   * has lost is an error, and never ends the process.
   *
   * Anonymous memory is copied by [`memmove`](https://man7.org/linux/man-pages/man3/memmove.3.html)
   * on Linux and macOS. Other memory is copied by
   * [`process_vm_readv`](https://man7.org/linux/man-pages/man2/process_vm_readv.2.html) on Linux (a
   * pipe if that is forbidden), `mach_vm_read_overwrite` on macOS; all memory by
   * [`ReadProcessMemory`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-readprocessmemory)
   * on Windows. If the target may overlap the mapping or is in a `SharedArrayBuffer`, the bytes
   * pass through a buffer, 256 KiB at a time (all at once if they overlap at both ends, as in
   * {@linkcode MmapOptions.mapMirrored}).
   *
   * @param target A typed array or `DataView`. All of it is filled.
   * @param byteOffset The start in the mapping. Default: 0.
   * @throws {TypeError} If an argument is of the wrong type, or the view is detached.
   * @throws {RangeError} If the bytes are not all within the mapping.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EACCES` if a byte cannot be read;
   * `EFAULT` if the file has lost a page: `target` may hold some of the bytes then.
   *
   * @example Read memory that cannot be viewed
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 65536 }).mapAnon();
   * mmap.protect("read");
   * const header = new Uint8Array(16);
   * mmap.read(header, 512);
   * ```
   */
  read(target: ArrayBufferView, byteOffset: number | bigint = 0): void {
    const bytes = bytesOf(target, "The target");
    const mapping = Mmap.#opened(this);
    const range = copyRange(mapping.info, bytes, byteOffset);
    if (range !== undefined) copy("read", mapping.track(), range, bytes);
  }

  /**
   * Copies bytes into the mapping. A page that the file has lost is an error, and never ends the
   * process.
   *
   * Calls the functions of {@linkcode Mmap.read}, with
   * [`process_vm_writev`](https://man7.org/linux/man-pages/man2/process_vm_readv.2.html),
   * `mach_vm_write` and
   * [`WriteProcessMemory`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-writeprocessmemory).
   *
   * @param source A typed array or `DataView`. All of it is copied.
   * @param byteOffset The start in the mapping. Default: 0.
   * @throws {TypeError} If an argument is of the wrong type, or the view is detached.
   * @throws {RangeError} If the bytes are not all within the mapping.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EACCES` if a byte cannot be stored to;
   * `EFAULT` if the file has lost a page: some of the bytes may be stored then.
   */
  write(source: ArrayBufferView, byteOffset: number | bigint = 0): void {
    const bytes = bytesOf(source, "The source");
    const mapping = Mmap.#opened(this);
    const range = copyRange(mapping.info, bytes, byteOffset);
    if (range !== undefined) copy("write", mapping.track(), range, bytes);
  }

  /**
   * Finds the first place of a pattern, whatever the access of the bytes except `"none"`. A page
   * that the file has lost is an error, and never ends the process. While others store to the
   * memory, a byte counts as it was at some moment of the call.
   *
   * Calls [`memchr`](https://man7.org/linux/man-pages/man3/memchr.3.html) for a byte, and
   * [`memmem`](https://man7.org/linux/man-pages/man3/memmem.3.html) for more, unless one byte of
   * the pattern is rare in the memory; Windows has no `memmem`, and the library compares in
   * JavaScript. Memory of a file that has no guard ({@linkcode Mmap.truncationGuarded}) is copied
   * for it, as {@linkcode Mmap.read} does, 256 KiB at a time.
   *
   * @param pattern A typed array, a `DataView`, a string (its UTF-8), or a byte from 0 to 255.
   * @param byteOffset The start of the range. Default: 0.
   * @param byteEnd The end of the range: one past its last byte. Default: the end of the mapping.
   * @returns The byteOffset of the first match that lies in the range as a whole, or -1. An empty
   * pattern is found at `byteOffset`.
   * @throws {TypeError} If an argument is of the wrong type, or the view is detached.
   * @throws {RangeError} If the range is out of bounds or ends before it starts, a number is not a
   * byte, or a string has a lone surrogate.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EACCES` if a byte of the range cannot be
   * read; `EFAULT` if the file has lost a page of it.
   *
   * @example Find a header
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 65536 }).mapAnon();
   * mmap.write(new TextEncoder().encode("Content-Length: 42\r\n\r\n"), 1000);
   * console.log(mmap.indexOf("\r\n\r\n"), mmap.indexOf("Host:")); // 1018 -1
   * ```
   */
  indexOf(
    pattern: ArrayBufferView | string | number,
    byteOffset: number | bigint = 0,
    byteEnd?: number | bigint,
  ): number {
    const bytes = patternBytes(pattern, "The pattern");
    const mapping = Mmap.#opened(this);
    const range = searchRange(byteOffset, byteEnd, mapping);
    return indexOf(mapping.track(), range, bytes);
  }

  /**
   * Finds the last place of a pattern. The range is that of {@linkcode Mmap.indexOf}, unlike for
   * `lastIndexOf()` of arrays and strings, whose second argument is the last place that counts.
   *
   * Calls the functions of {@linkcode Mmap.indexOf}, for ever longer ranges from the end.
   *
   * @param pattern A typed array, a `DataView`, a string (its UTF-8), or a byte from 0 to 255.
   * @param byteOffset The start of the range. Default: 0.
   * @param byteEnd The end of the range: one past its last byte. Default: the end of the mapping.
   * @returns The byteOffset of the last match that lies in the range as a whole, or -1. An empty
   * pattern is found at the end of the range.
   * @throws The errors of {@linkcode Mmap.indexOf}.
   *
   * @example The last line
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 12 }).mapAnon();
   * mmap.write(new TextEncoder().encode("first\nsecond"));
   * console.log(mmap.lastIndexOf("\n") + 1); // 6
   * ```
   */
  lastIndexOf(
    pattern: ArrayBufferView | string | number,
    byteOffset: number | bigint = 0,
    byteEnd?: number | bigint,
  ): number {
    const bytes = patternBytes(pattern, "The pattern");
    const mapping = Mmap.#opened(this);
    const range = searchRange(byteOffset, byteEnd, mapping);
    return lastIndexOf(mapping.track(), range, bytes);
  }

  /**
   * Counts the places of a pattern. Matches that overlap an earlier one do not count.
   *
   * Calls the functions of {@linkcode Mmap.indexOf}. Where matches are near to each other, the
   * library copies the bytes, up to 64 KiB at a time, and compares in JavaScript.
   *
   * @param pattern A typed array, a `DataView`, a string (its UTF-8), or a byte from 0 to 255.
   * @param byteOffset The start of the range. Default: 0.
   * @param byteEnd The end of the range: one past its last byte. Default: the end of the mapping.
   * @returns The number of matches that lie in the range as a whole.
   * @throws The errors of {@linkcode Mmap.indexOf}, and a `RangeError` for an empty pattern.
   *
   * @example Lines of a log
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 16 }).mapAnon();
   * mmap.write(new TextEncoder().encode("one\ntwo\nthree\n"));
   * console.log(mmap.count("\n")); // 3
   * ```
   */
  count(
    pattern: ArrayBufferView | string | number,
    byteOffset: number | bigint = 0,
    byteEnd?: number | bigint,
  ): number {
    const bytes = filledPattern(pattern, "The pattern");
    const mapping = Mmap.#opened(this);
    const range = searchRange(byteOffset, byteEnd, mapping);
    return count(mapping.track(), range, bytes);
  }

  /**
   * Iterates over records that a separator ends, such as lines: ranges, not copies. The last record
   * needs no separator; after one that ends the range, no empty record follows.
   *
   * The iterator searches when it is asked, up to 64 KiB ahead. Between two steps the mapping may
   * be unmapped or resized.
   *
   * Calls the functions of {@linkcode Mmap.count}.
   *
   * @param separator A typed array, a `DataView`, a string (its UTF-8), or a byte from 0 to 255.
   * @param byteOffset The start of the range. Default: 0.
   * @param byteEnd The end of the range: one past its last byte. Default: the end of the mapping.
   * @returns The iterator. A step throws the errors of {@linkcode Mmap.indexOf}, for example
   * `EBADF` if the mapping was unmapped, or a `RangeError` if it was resized and is shorter than
   * the range.
   * @throws {TypeError} As {@linkcode Mmap.indexOf} does.
   * @throws {RangeError} As {@linkcode Mmap.indexOf} does, and for an empty separator.
   * @throws {MmapError} `EBADF` if the mapping is closed.
   *
   * @example Lines as text
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 9 }).mapAnon();
   * mmap.write(new TextEncoder().encode("one\ntwo\n\n"));
   * const decoder = new TextDecoder();
   * for (const { byteOffset, byteLength } of mmap.split("\n")) {
   *   console.log(decoder.decode(mmap.bytes.slice(byteOffset, byteOffset + byteLength)));
   * }
   * // one, two, and an empty line
   * ```
   */
  split(
    separator: ArrayBufferView | string | number,
    byteOffset: number | bigint = 0,
    byteEnd?: number | bigint,
  ): IterableIterator<MmapRange> {
    const bytes = filledPattern(separator, "The separator");
    const range = searchRange(byteOffset, byteEnd, Mmap.#opened(this));
    return split(() => Mmap.#opened(this), range, bytes);
  }

  /**
   * Writes stores to memory of {@linkcode MmapOptions.mapMut} to its file, and waits until the disk
   * has them. Does nothing for other memory, whose stores reach no file.
   *
   * Calls [`msync(MS_SYNC)`](https://man7.org/linux/man-pages/man2/msync.2.html) on Linux and
   * macOS,
   * [`FlushViewOfFile`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-flushviewoffile)
   * and
   * [`FlushFileBuffers`](https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-flushfilebuffers)
   * on Windows.
   *
   * @param byteOffset The start, rounded down to a page. Default: 0.
   * @param byteLength The length, rounded up to whole pages. Default: up to the end.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is not within the mapping.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EFAULT` if the file has lost a page;
   * `EIO` or another code if the system could not write.
   */
  flush(byteOffset: number | bigint = 0, byteLength?: number | bigint): void {
    const mapping = Mmap.#opened(this);
    const range = mapping.pagesAround(byteOffset, byteLength);
    flush(mapping.track(), range, true);
  }

  /**
   * Starts to write what {@linkcode Mmap.flush} writes, without waiting for the disk.
   *
   * Calls [`msync(MS_ASYNC)`](https://man7.org/linux/man-pages/man2/msync.2.html) on Linux, where
   * the system writes by itself anyway, and macOS;
   * [`FlushViewOfFile`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-flushviewoffile)
   * on Windows.
   *
   * @param byteOffset The start, rounded down to a page. Default: 0.
   * @param byteLength The length, rounded up to whole pages. Default: up to the end.
   * @throws The errors of {@linkcode Mmap.flush}.
   */
  startFlush(byteOffset: number | bigint = 0, byteLength?: number | bigint): void {
    const mapping = Mmap.#opened(this);
    const range = mapping.pagesAround(byteOffset, byteLength);
    flush(mapping.track(), range, false);
  }

  /**
   * Writes what {@linkcode Mmap.flush} writes without blocking the event loop: a helper thread waits
   * for the disk instead, as for {@linkcode Mmap.waitAsync}, with the same limit of 32.
   *
   * While the flush is pending, the process stays alive, and the mapping is not collected and cannot
   * be resized (`EBUSY`). {@linkcode Mmap.unmap} rejects the promise with `EBADF`, and an aborted
   * signal rejects it with its reason; the system may write on in both cases. Stores during the call
   * may be written or not.
   *
   * Calls the functions of `flush()`; on Windows also
   * [`DuplicateHandle`](https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle).
   *
   * @param byteOffset The start, rounded down to a page. Default: 0.
   * @param byteLength The length, rounded up to whole pages. Default: up to the end.
   * @param options A signal that ends the waiting.
   * @returns A promise that is fulfilled when the disk has the bytes. All errors reject it; the call
   * itself does not throw.
   * @throws {TypeError} As `flush()` does, and if an option is unknown or of the wrong type.
   * @throws {RangeError} As `flush()` does.
   * @throws {MmapError} As `flush()` does; `EBADF` also if the mapping is closed meanwhile;
   * `EAGAIN`, `ENOMEM` or `ENOTSUP` if there is no thread, as for `waitAsync()`.
   * @throws The `reason` of an aborted signal.
   *
   * @example Other work while the disk writes
   * ```ts
   * import { writeFileSync } from "node:fs";
   * import { tmpdir } from "node:os";
   * import { join } from "node:path";
   * import { MmapOptions } from "sysalloc";
   *
   * const path = join(tmpdir(), "sysalloc-log");
   * writeFileSync(path, new Uint8Array(65536));
   * using mmap = new MmapOptions().mapMut(path);
   * mmap.bytes.fill(1);
   * await mmap.flushAsync(0, 4096);
   * ```
   */
  flushAsync(
    byteOffset: number | bigint = 0,
    byteLength?: number | bigint,
    options: FlushAsyncOptions = {},
  ): Promise<void> {
    checkFewFrames();
    return flushAsync(() => Mmap.#opened(this), byteOffset, byteLength, options);
  }

  /**
   * Gives the memory away without unmapping it: closes the handle and detaches its views. Pass the
   * result to {@linkcode Mmap.unsafeFromRaw}, here or in another thread; otherwise the memory stays
   * mapped until the process ends. First await all calls of the runtime that got a view: otherwise
   * they use memory that has a new owner.
   *
   * @returns The address and the length. It can be posted to a worker.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` if a buffer was transferred away
   * or is in use (Bun from 1.4), or while the mapping is shared or pinned; `ENOTSUP` for memory that an
   * address and a length do not describe: of files, mirrored, with guard pages or of huge pages.
   */
  intoRaw(): RawMmap {
    const mapping = Mmap.#opened(this);
    const { byteLength } = mapping;
    return { address: mapping.giveAway(), byteLength };
  }

  /**
   * Shares the memory with another handle, in this or another thread of the process, without
   * copying. Returns a ticket for {@linkcode Mmap.fromTicket}: a small object that `postMessage()`
   * can send. All kinds of memory can be shared.
   *
   * The memory is freed when the last handle is unmapped or collected, in any thread. A ticket
   * counts as a handle: call {@linkcode Mmap.release} for one that nobody will use. A worker that
   * ends without `unmap()` keeps the memory until the process ends: let it unmap before you
   * terminate it.
   *
   * While there are other handles or tickets, {@linkcode Mmap.protect}, `commit()`, `decommit()`,
   * `resize()` and `intoRaw()` throw `EBUSY`; with a {@linkcode MmapOptions.capacity}, `resize()`
   * can make the memory longer. The last handle can use them again once the
   * collectors of the other threads have found their views (a thread that ends earlier prevents
   * that for good). {@linkcode Mmap.discard}, advice and locks apply to the memory of all handles.
   * Use `Atomics` if several threads store to one place.
   *
   * While another thread stores to the memory, do not pass a view of it to `sort()` without a
   * comparator or to a text decoder: engines rely on the content not to change, and the process can
   * crash. Copy the bytes by {@linkcode Mmap.read} first.
   *
   * A handle itself cannot be posted: `postMessage()` and `structuredClone()` throw a
   * `DataCloneError`.
   *
   * @returns A ticket for one handle. It can be cloned, or written as JSON.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` if a buffer was transferred away;
   * `ENOMEM` if there is no memory for the process's table; `ENOTSUP` if other software occupies
   * the addresses at which threads look for it.
   *
   * @example A gibibyte for a worker
   * ```ts
   * import { Mmap, MmapOptions } from "sysalloc";
   *
   * const { port1, port2 } = new MessageChannel();
   * const mmap = new MmapOptions({ len: 2 ** 30 }).mapAnon();
   * port1.postMessage(mmap.share());
   * port2.onmessage = ({ data: ticket }) => { // in the worker: onmessage
   *   using same = Mmap.fromTicket(ticket);
   *   same.view(Uint8Array, 0, 1)[0] = 1;
   *   port2.close();
   * };
   * mmap.unmap(); // the other handle keeps the memory
   * ```
   */
  share(): MmapTicket {
    return share(() => Mmap.#opened(this));
  }

  /**
   * Unmaps the memory and detaches its views. Does nothing if the mapping is closed. Shared memory
   * is freed with its last handle. Pending promises of {@linkcode Mmap.waitAsync} and
   * {@linkcode Mmap.flushAsync} reject with `EBADF`.
   *
   * A mapping that was never viewed is unmapped immediately, by
   * [`munmap`](https://man7.org/linux/man-pages/man2/munmap.2.html) on Linux and macOS,
   * [`VirtualFree`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualfree)
   * on Windows.
   *
   * Otherwise the memory is freed immediately, and the address range is held until neither this
   * handle nor a buffer is reachable. A pending call of the runtime reads zeros (on Windows any
   * content), and its writes are discarded. The memory is freed by
   * [`madvise(MADV_DONTNEED)`](https://man7.org/linux/man-pages/man2/madvise.2.html) or by mapping
   * over it on Linux, by mapping over it on macOS, and by
   * [`DiscardVirtualMemory`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-discardvirtualmemory)
   * on Windows, where it stays committed until the range is unmapped.
   *
   * All threads together hold up to 16,384 ranges of 1 TiB in total (256 MiB on Windows; less under
   * limits of the process). Beyond that, the oldest ranges of this thread are unmapped, but each
   * thread may always hold a 64th of both budgets. All ranges of this thread are unmapped if
   * mapping would fail for lack of memory or addresses, and so are ranges that a strict hint
   * overlaps.
   *
   * @throws {MmapError} `EBUSY` if a buffer was transferred away: its new owner uses the memory,
   * which stays mapped until the process ends. Also `EBUSY` while the runtime uses a buffer (Bun
   * from 1.4), while the mapping is pinned, and if a thread of {@linkcode Mmap.waitAsync} does not
   * leave within 10 s: try again then. Another code if the system refused: the memory is still mapped, and you can try again.
   */
  unmap(): void {
    Mmap.#of(this).unmap();
  }

  /** Unmaps at the end of a `using` block: {@linkcode Mmap.unmap}. */
  [Symbol.dispose](): void {
    Mmap.#of(this).unmap();
  }

  /**
   * Tells the system how the memory will be used: {@linkcode Advice} lists the advice of each
   * system.
   *
   * Calls [`madvise`](https://man7.org/linux/man-pages/man2/madvise.2.html) on Linux and macOS; on
   * Windows
   * [`PrefetchVirtualMemory`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-prefetchvirtualmemory)
   * for `"will-need"` and
   * [`DiscardVirtualMemory`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-discardvirtualmemory)
   * for `"free"`.
   *
   * @param advice The advice. It holds until another one, or {@linkcode Mmap.decommit}, replaces
   * it.
   * @param byteOffset The start. Default: 0.
   * @param byteLength The length. Default: up to the end. The range is rounded outwards to pages;
   * but advice that can change content (`"dont-need"`, `"dont-need-locked"`, `"free"`,
   * `"free-reusable"`, `"remove"`) takes whole pages only.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If there is no such advice, or the range is out of bounds or must be whole
   * pages.
   * @throws {MmapError} `EBADF` if the mapping is closed; `ENOTSUP` if this system has no such
   * advice; `EINVAL` (Linux, macOS) if this kernel does not have it, or not for this memory;
   * another code if the system refused.
   *
   * @example Huge pages if there are any
   * ```ts
   * import { MmapError, MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 2 ** 30 }).mapAnon();
   * try {
   *   mmap.advise("huge-page");
   * } catch (error) {
   *   if (!(error instanceof MmapError)) throw error; // the memory works without, too
   * }
   * ```
   */
  advise(advice: Advice, byteOffset: number | bigint = 0, byteLength?: number | bigint): void {
    const mapping = Mmap.#opened(this);
    const range = isForWholePages(advice)
      ? mapping.pageRange(byteOffset, byteLength)
      : mapping.byteRange(byteOffset, byteLength);
    advise(mapping.track(), range, advice);
  }

  /**
   * Backs pages with memory and keeps them in RAM, out of the swap space.
   *
   * Locks do not add up: one {@linkcode Mmap.unlock} undoes them all, and so do
   * {@linkcode Mmap.discard}, {@linkcode Mmap.decommit} and {@linkcode Mmap.unmap}. Bytes that
   * {@linkcode Mmap.resize} adds may be locked or not: lock them again.
   *
   * For memory of {@linkcode MmapOptions.map}, Linux locks the pages of the page cache without
   * copying them; pages that were or will be stored to are locked as copies. If the cache has a
   * huge page, a later store unlocks the rest of it: call `unlock()` and lock again to be sure.
   * Before Linux 5.14, and in sandboxes that forbid the calls, each page is copied; macOS may copy
   * too.
   *
   * Calls [`mlock`](https://man7.org/linux/man-pages/man2/mlock.2.html) on Linux and macOS; for
   * memory of `map()` on Linux
   * [`mlock2(MLOCK_ONFAULT)`](https://man7.org/linux/man-pages/man2/mlock.2.html) and
   * [`madvise(MADV_POPULATE_READ)`](https://man7.org/linux/man-pages/man2/madvise.2.html); on
   * Windows
   * [`VirtualLock`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtuallock),
   * after
   * [`SetProcessWorkingSetSize`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-setprocessworkingsetsize)
   * if the working set is too small.
   *
   * @param byteOffset The start. Default: 0.
   * @param byteLength The length. Default: up to the end. The range is rounded outwards to pages.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is out of bounds.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EACCES` if the access of a part is
   * `"none"`; `EFAULT` if the file has lost a page; `ENOMEM`, `EAGAIN` or `EPERM` at the limit of
   * locked memory (`ulimit -l`); `ENOMEM` on Linux if the machine or a control group has too little
   * memory. A part may be locked then: call `unlock()`.
   *
   * @example A key that never reaches the disk
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using key = new MmapOptions({ len: 32 }).mapAnon();
   * key.lock();
   * crypto.getRandomValues(key.bytes);
   * ```
   */
  lock(byteOffset: number | bigint = 0, byteLength?: number | bigint): void {
    const mapping = Mmap.#opened(this);
    const range = mapping.byteRange(byteOffset, byteLength);
    lock(mapping.track(), range);
  }

  /**
   * Undoes {@linkcode Mmap.lock}. Does nothing for pages that are not locked; on Windows these
   * leave the working set, and come back when they are used.
   *
   * Calls [`munlock`](https://man7.org/linux/man-pages/man2/mlock.2.html) on Linux and macOS,
   * [`VirtualUnlock`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualunlock)
   * on Windows, which requires a range that is locked throughout.
   *
   * @param byteOffset The start. Default: 0.
   * @param byteLength The length. Default: up to the end. The range is rounded outwards to pages.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is out of bounds.
   * @throws {MmapError} `EBADF` if the mapping is closed; another code if the system refused.
   */
  unlock(byteOffset: number | bigint = 0, byteLength?: number | bigint): void {
    const mapping = Mmap.#opened(this);
    const range = mapping.byteRange(byteOffset, byteLength);
    unlock(mapping.track(), range);
  }

  /**
   * Counts the bytes that are in RAM, in whole pages. For a file on Linux it counts the pages in
   * the page cache, whichever process read them. The result can be out of date at once.
   *
   * On Linux and macOS the call checks every page, which takes about half a second for 1 TiB of
   * reserved addresses on Linux. On Windows it skips pages that are not committed.
   *
   * Calls [`mincore`](https://man7.org/linux/man-pages/man2/mincore.2.html) on Linux and macOS,
   * [`VirtualQuery`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualquery)
   * and
   * [`QueryWorkingSetEx`](https://learn.microsoft.com/windows/win32/api/psapi/nf-psapi-queryworkingsetex)
   * on Windows.
   *
   * @param byteOffset The start. Default: 0.
   * @param byteLength The length. Default: up to the end. The range is rounded outwards to pages.
   * @returns The number of bytes, a multiple of {@linkcode pageSize}.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is out of bounds.
   * @throws {MmapError} `EBADF` if the mapping is closed; another code if the system refused.
   *
   * @example The cost of a store
   * ```ts
   * import { MmapOptions, pageSize } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 2 ** 20 }).mapAnon();
   * mmap.bytes[0] = 1;
   * console.log(mmap.resident() / pageSize()); // 1, or more with huge pages
   * ```
   */
  resident(byteOffset: number | bigint = 0, byteLength?: number | bigint): number {
    const mapping = Mmap.#opened(this);
    const range = mapping.byteRange(byteOffset, byteLength);
    return resident(mapping.track(), range);
  }

  /**
   * Backs pages with memory before they are used, and leaves their content as it is. It works in
   * small steps: the event loop never waits for longer than about 10 ms.
   *
   * Calls [`madvise(MADV_POPULATE_WRITE)`](https://man7.org/linux/man-pages/man2/madvise.2.html) on
   * Linux from 5.14, or `MADV_POPULATE_READ` for memory that cannot be stored to. Elsewhere it
   * loads from each page, or stores to it without changing the content. Linux refuses more than the
   * machine or a control group (a container) has left. On other systems, or if other programs take
   * the memory meanwhile, the system may end the process, as for any store.
   *
   * @param options The range, a signal, and a function that is told the progress.
   * @returns A promise that is fulfilled when all pages are backed. All errors reject it; the call
   * itself does not throw. Pages that were backed before an error stay so.
   * @throws {TypeError} If an option is unknown or of the wrong type.
   * @throws {RangeError} If the range is out of bounds.
   * @throws {MmapError} `EBADF` if the mapping is closed, also between two steps; `EACCES` if the
   * access of a part is `"none"`; `ENOMEM` if there is too little memory; another code if the
   * system refused.
   * @throws The `reason` of an aborted signal, and anything that `onProgress` throws.
   *
   * @example With progress, for two seconds at most
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 2 ** 28 }).mapAnon();
   * await mmap.prefault({
   *   signal: AbortSignal.timeout(2000),
   *   onProgress: (done, total) => console.log(`${Math.round(100 * done / total)} %`),
   * });
   * ```
   */
  // Not async, like waitAsync(): in Bun 1.2, an async function that is called at the end of the
  // stack leaves a promise whose rejection nobody can handle.
  prefault(options: PrefaultOptions = {}): Promise<void> {
    checkFewFrames();
    return prefault(() => Mmap.#opened(this), options);
  }

  /**
   * Sleeps while a 32-bit word has the expected value, until another thread or process calls
   * {@linkcode Mmap.notify} for the word. This is `Atomics.wait()` for memory that is not a
   * `SharedArrayBuffer` and that processes can share. Comparing the word and going to sleep are one
   * atomic step.
   *
   * It blocks the thread and its event loop, even in the main thread. Store another value before
   * you notify, and check the value again after `"ok"`: the wake-up may have been meant for an
   * earlier waiter. The thread wakes for a moment every 100 ms, so that it can be terminated (not
   * in Deno, or Bun before 1.3.14, which end no worker inside a call); a `notify()` without a new
   * value misses the thread in that moment.
   *
   * Calls [`futex`](https://man7.org/linux/man-pages/man2/futex.2.html) on Linux,
   * [`os_sync_wait_on_address`](https://developer.apple.com/documentation/os/os_sync_wait_on_address_with_timeout)
   * on macOS (from 14.4), and waits for a named
   * [semaphore](https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitforsingleobject)
   * on Windows, which processes of one session share.
   *
   * @param byteOffset The place of the word: a multiple of 4 (in memory: see {@linkcode
   * Mmap.view}).
   * @param expected The value, from -2^31 to 2^32 - 1. Signed and unsigned numbers of the same bits
   * are equal.
   * @param timeout The longest time to wait, in milliseconds, with fractions; 0 or below only
   * compares. Default: `Infinity`. Unlike for `Atomics.wait()`, `NaN` is refused.
   * @returns `"ok"` when woken; `"not-equal"` if the word has another value; `"timed-out"` if the
   * time is up.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the word is not within the mapping or not aligned, or the value has
   * more than 32 bits.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EACCES` if the word cannot be stored to
   * (in memory of {@linkcode MmapOptions.mapRead}: read); `EFAULT` if its page is lost; `ENOTSUP` for memory of {@linkcode MmapOptions.map} and
   * {@linkcode MmapOptions.mapExec}, a private copy that stores of others do not reach, and on
   * macOS before 14.4; another code if the system refused.
   *
   * @example A flag that another process sets
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 4096 }).mapAnon(); // or mapMut() of a file
   * const words = mmap.view(Int32Array);
   * while (Atomics.load(words, 0) === 0) {
   *   if (mmap.wait(0, 0, 10) === "timed-out") break; // nobody notifies in this example
   * }
   * // …and in the other process:
   * Atomics.store(words, 0, 1);
   * mmap.notify(0);
   * ```
   */
  wait(byteOffset: number | bigint, expected: number, timeout: number = Infinity): WaitResult {
    const mapping = Mmap.#opened(this);
    const range = wordRange(byteOffset, mapping);
    const value = word32(expected, "The expected value");
    return wait(mapping.track(), range, value, timeMs(timeout, "The timeout"));
  }

  /**
   * Waits like {@linkcode Mmap.wait}, but without blocking the event loop: a helper thread sleeps
   * instead, one for each pending wait. Each thread of your program has up to 32 of them, of 4 to
   * 13 MB each, and keeps two for 3 s after their last wait.
   *
   * {@linkcode Mmap.notify} finds the wait once the helper thread sleeps: about 20 to 70 ms after
   * the call if a thread has to start, on Windows immediately. Stores in between are noticed, so
   * that nothing is missed if you store before you notify.
   *
   * While the wait is pending, the mapping is not collected and cannot be resized, and its word
   * cannot be decommitted or protected from stores (`EBUSY`). {@linkcode Mmap.unmap} ends it.
   *
   * @param byteOffset The place of the word: a multiple of 4.
   * @param expected The value, from -2^31 to 2^32 - 1.
   * @param options The timeout, a signal, and whether the process stays alive.
   * @returns A promise of `"ok"`, `"not-equal"` or `"timed-out"`, as `wait()` returns it. All
   * errors reject it; the call itself does not throw.
   * @throws {TypeError} If an argument or an option is of the wrong type, or unknown.
   * @throws {RangeError} As `wait()` does.
   * @throws {MmapError} As `wait()` does; `EBADF` also if the mapping is closed meanwhile; `EAGAIN`
   * if 32 waits are pending, or a thread cannot start for lack of descriptors; `ENOMEM` if a limit
   * leaves too few addresses or too little data for a thread; `ENOTSUP` with a `cause` if the
   * runtime starts no thread (Node.js with `--permission` and without `--allow-worker`).
   * @throws The `reason` of an aborted signal.
   *
   * @example For a second at most
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 4096 }).mapAnon();
   * const words = mmap.view(Int32Array);
   * const result = mmap.waitAsync(0, 0, { timeout: 1000 });
   * Atomics.store(words, 0, 1); // as another thread or process would
   * mmap.notify(0);
   * console.log(await result, words[0]); // ok 1
   * ```
   */
  waitAsync(
    byteOffset: number | bigint,
    expected: number,
    options: WaitAsyncOptions = {},
  ): Promise<WaitResult> {
    checkFewFrames();
    return waitAsync(() => Mmap.#opened(this), byteOffset, expected, options);
  }

  /**
   * Wakes the waits of {@linkcode Mmap.wait} and {@linkcode Mmap.waitAsync} for a word, in all
   * threads and processes that share the memory. Store another value to the word first: then nobody
   * falls asleep after the call.
   *
   * Calls [`futex`](https://man7.org/linux/man-pages/man2/futex.2.html) on Linux,
   * [`os_sync_wake_by_address_any`](https://developer.apple.com/documentation/os/os_sync_wake_by_address_any)
   * on macOS (from 14.4), and
   * [`ReleaseSemaphore`](https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-releasesemaphore)
   * for each wait on Windows.
   *
   * @param byteOffset The place of the word: a multiple of 4.
   * @param count The largest number of waits to wake. Default: `Infinity`.
   * @returns The number of waits that were woken.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the word is not within the mapping or not aligned, or the count is
   * below 0.
   * @throws {MmapError} As `wait()` does.
   *
   * @example A counter that others wait for
   * ```ts
   * import { MmapOptions } from "sysalloc";
   *
   * using mmap = new MmapOptions({ len: 4096 }).mapAnon();
   * Atomics.add(mmap.view(Int32Array), 0, 1);
   * console.log(mmap.notify(0, 1)); // 0: nobody waits
   * ```
   */
  notify(byteOffset: number | bigint, count: number = Infinity): number {
    const mapping = Mmap.#opened(this);
    const range = wordRange(byteOffset, mapping);
    return notify(mapping.track(), range, countOrAll(count, "The count"));
  }

  static #of(mmap: Mmap): Mapping {
    if (typeof mmap === "object" && mmap !== null && #mapping in mmap) {
      mmap.#mapping.refresh();
      return mmap.#mapping;
    }
    throw new TypeError(`The receiver must be an Mmap, got ${describe(mmap)}`);
  }

  static #opened(mmap: Mmap): Mapping {
    const mapping = Mmap.#of(mmap);
    if (mapping.byteLength !== 0) return mapping;
    throw new MmapError(
      "The mapping is closed: it was unmapped, given away by intoRaw(), or its engine has moved " +
        "the memory that it was mapped into",
      { code: "EBADF" },
    );
  }
}
