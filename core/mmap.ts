/**
 * {@linkcode Mmap}: one mapping, its lifetime and its views.
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
import { type Access, ACCESSES } from "./lifetime/mapping_info.ts";
import { anonymous, type MappingPlan } from "./lifetime/mapping_plan.ts";
import { discard, flush } from "./pages/content.ts";
import { bytesOf, copyIn, copyOut, copyRange } from "./pages/copying.ts";
import { Mapping } from "./pages/mapping.ts";
import { prefault, type PrefaultOptions } from "./pages/prefault.ts";
import { advise, isForWholePages, lock, resident, unlock } from "./pages/residency.ts";
import {
  elementByteLength,
  type ViewConstructor,
  type ViewOf,
  viewRange,
} from "./pages/view_range.ts";
import { resize } from "./placing/resize.ts";
import { type MmapTicket, redeem, releaseTicket, share } from "./sharing/tickets.ts";
import { waitAsync, type WaitAsyncOptions } from "./waiting/wait_async.ts";
import { notify, wait, type WaitResult, wordRange } from "./waiting/waiting.ts";

/** The address and length of a mapping that no handle owns. */
export interface RawMmap {
  /** The address of the first byte. */
  readonly address: bigint;
  /** The length in bytes. */
  readonly byteLength: number;
}

/** Makes the handle of what is mapped; not part of the public API. */
export let adopt: (plan: MappingPlan) => Mmap;

// What only this module can pass to the constructor.
const KEY = Symbol();

/** A function is not cloned; V8 has its text in the message of the error. */
const REFUSE_CLONE = () => "An Mmap is handed over by the ticket that share() returns";

/**
 * A mapping: memory that the operating system gave, and that goes back to it
 * by {@linkcode Mmap.unmap}, at the end of a `using` block, or when neither
 * the handle nor any view of it is reachable any more.
 *
 * Views cannot outlive it: unmapping detaches their buffers, so that typed
 * arrays get length 0 and a `DataView` throws. The runtime's own calls, such as
 * a file read into a view, may still be under way then: the memory goes back at
 * once, but its address range only when nothing reaches a buffer any more.
 * Four things are beyond that protection: a view that is sorted or decoded as text while
 * another thread or process stores to it, memory whose address you handed to
 * native code yourself, a buffer that was transferred away from a mapping whose
 * handle is then dropped without `unmap()`, and the end of a worker, which
 * unmaps nothing.
 *
 * @example Map, use, unmap
 * ```ts
 * import { MmapOptions } from "@sysalloc/sysalloc";
 *
 * using mmap = new MmapOptions({ len: 1 << 20 }).mapAnon();
 * const counters = mmap.view(BigUint64Array);
 * counters[0] = 42n;
 * console.log(mmap, mmap.bytes[0]); // Mmap { … } 42
 * ```
 */
export class Mmap implements Disposable {
  /** What has `postMessage()` and `structuredClone()` throw: without it they make `{}` of a handle. */
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
   * Takes ownership of memory that {@linkcode Mmap.intoRaw} let go of, in
   * this thread or in another one of this process.
   *
   * Unsafe: the range must be exactly what one `intoRaw()` returned, must be
   * mapped readable and writable, and must have no other owner. Anything else
   * can crash the process or corrupt its memory.
   *
   * @param address The address of the first byte, a multiple of the page size.
   * @param byteLength The length in bytes, above 0.
   * @returns The handle that now owns the memory.
   * @throws {TypeError} If an argument is not a whole number or a bigint.
   * @throws {RangeError} If an argument is out of its range.
   *
   * @example From one thread to another
   * ```ts
   * import { Mmap, MmapOptions } from "@sysalloc/sysalloc";
   *
   * const raw = new MmapOptions({ len: 4096 }).mapAnon().intoRaw();
   * // …postMessage(raw), and in the other thread:
   * using mmap = Mmap.unsafeFromRaw(raw.address, raw.byteLength);
   * console.log(mmap.byteLength); // 4096
   * ```
   */
  static unsafeFromRaw(
    address: number | bigint,
    byteLength: number | bigint,
  ): Mmap {
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
    return adopt(anonymous(() => start, length, BigInt(length), "read-write"));
  }

  /**
   * Makes a handle of memory that another one shared, in any thread of this
   * process. It has the same memory at the same address, and is like the handle that
   * {@linkcode Mmap.share} was called of; each is unmapped by itself.
   *
   * A ticket is good for one handle: one that was used is not valid any more, nor is a
   * copy of it. Where this throws, it was not used.
   *
   * @param ticket What `share()` returned, or what `postMessage()` made of it.
   * @returns The handle.
   * @throws {TypeError} If it is no such object.
   * @throws {MmapError} `EBADF` if the ticket is not valid: it was used or released
   * before, was never made, or is of another process.
   * @throws {Error} As {@linkcode MmapOptions.mapAnon} does.
   *
   * @example In a worker
   * ```ts
   * import { Mmap, MmapOptions } from "@sysalloc/sysalloc";
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
    const { backing, share } = plan;
    const { snapshot } = share;
    // Other handles may have changed pages, or found that a file was truncated.
    if (snapshot.length > 0 || backing !== undefined) mmap.#mapping.track(snapshot);
    return mmap;
  }

  /**
   * Gives a ticket up that nobody is going to use. It keeps the memory otherwise,
   * until the process ends: a ticket is a plain object, which no collector finds.
   *
   * @param ticket What {@linkcode Mmap.share} returned, or what `postMessage()` made of
   * it; in any thread of this process.
   * @throws {TypeError} As {@linkcode Mmap.fromTicket} does.
   * @throws {MmapError} `EBADF` as {@linkcode Mmap.fromTicket} does: also if it has become a
   * handle.
   *
   * @example A worker that did not start
   * ```ts
   * import { Mmap, MmapOptions } from "@sysalloc/sysalloc";
   *
   * const mmap = new MmapOptions({ len: 65536 }).mapAnon();
   * const ticket = mmap.share();
   * Mmap.release(ticket);
   * mmap.unmap(); // it was the last handle: the memory goes back
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
   * The address as what this runtime's FFI takes for a pointer argument:
   * `Deno.PointerObject`, `Pointer` of `bun:ffi`, or a `bigint` in Node.js.
   *
   * Native code that keeps it is beyond the protection of views: it must not
   * use the memory after `unmap()`.
   *
   * @throws {MmapError} `EBADF` if the mapping is closed.
   */
  get pointer(): Pointer {
    return currentRuntime().pointer(Mmap.#opened(this).address);
  }

  /** The length in bytes, as it was asked for: not rounded up to pages; 0 when closed. */
  get byteLength(): number {
    return Mmap.#of(this).byteLength;
  }

  /** Whether the length is 0, which it is when closed. */
  get isEmpty(): boolean {
    return Mmap.#of(this).byteLength === 0;
  }

  /** Whether the memory was unmapped or given away: nothing can be reached through this handle. */
  get closed(): boolean {
    return Mmap.#of(this).byteLength === 0;
  }

  /**
   * All bytes of the mapping, as a view: the same array each time. For
   * {@linkcode MmapOptions.mapMirrored} it is the first of the two copies.
   *
   * In Bun an array of more than 64 MiB is worth avoiding, because Bun counts
   * its length as JavaScript heap: ask {@linkcode Mmap.view} for the part that
   * is in use.
   *
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` if its
   * buffer was transferred away.
   * @throws {RangeError} If the mapping is longer than
   * {@linkcode maxViewByteLength}: use `view()`.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    return Mmap.#opened(this).trackViews().bytes;
  }

  /**
   * Makes a view of a part of the mapping: any typed array, or a `DataView`.
   * Nothing is copied, and all views see the same memory. `structuredClone()` and
   * `postMessage()` of a view copy the whole buffer behind it, mostly all of the mapping:
   * clone what `slice()` of the view returns.
   *
   * While another thread or process stores to the memory, do not give a view of it to `sort()` without
   * a comparator or to a text decoder: engines rely on it not to change in the meantime, and
   * the process can crash. Copy by {@linkcode Mmap.read} first.
   *
   * @typeParam V The type of the view.
   * @param type The constructor: `Float32Array`, `DataView`, ….
   * @param byteOffset Where the view starts, in bytes: for a typed array a
   * multiple of its element's size. Default: 0.
   * @param length How many elements it has (bytes, for a `DataView`).
   * Default: up to the end of the mapping, which must be whole elements; in mirrored
   * memory no more than one copy.
   * @returns The view, which has length 0 (or throws, if a `DataView`) once the mapping is closed.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the view is out of bounds, not aligned, longer than
   * {@linkcode maxViewByteLength}, or longer than one copy of mirrored memory.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` if a buffer of it was
   * transferred away.
   *
   * @example A header and its payload
   * ```ts
   * import { MmapOptions } from "@sysalloc/sysalloc";
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
    const size = elementByteLength(type); // first: a getter of the type may unmap
    const mapping = Mmap.#opened(this);
    const range = viewRange(size, byteOffset, length, mapping.info);
    return mapping.trackViews().view(type, range);
  }

  /**
   * Whether the mapping has lost pages because its file is shorter now: a load, a store or a call
   * hit one, and the file ends before the mapping does.
   * Where the system does not tell how long it is, as of a file that was deleted, it is whether
   * the end of the mapping is lost.
   *
   * @throws {MmapError} `EBADF` if the mapping is closed.
   */
  get truncated(): boolean {
    return Mmap.#opened(this).pages?.areTruncated ?? false;
  }

  /**
   * How many bytes of the mapping are lost, in whole pages up to its end: a load or store hit a page
   * that the file has not any more, because it was {@linkcode Mmap.truncated}, that its full disk
   * has no room for, or that cannot be read. Such pages, and lost ones right behind them, read as
   * zero from then on, and what is stored to them reaches no file. `bytes`, `view()`,
   * {@linkcode Mmap.read}, {@linkcode Mmap.write}, {@linkcode Mmap.flush} and other calls throw
   * `EFAULT` for a range that holds one; all other bytes are as before. Always 0 where there is no
   * guard: {@linkcode Mmap.truncationGuarded}.
   *
   * @throws {MmapError} `EBADF` if the mapping is closed.
   */
  get lostByteLength(): number {
    return Mmap.#opened(this).pages?.lostByteLength ?? 0;
  }

  /**
   * Whether views survive that the file is truncated:
   * {@linkcode MmapOptions.truncationGuard}. False for anonymous memory, on macOS,
   * on Windows (which does not let a mapped file be truncated), where a policy
   * forbids executable memory, where it was turned off, and while somebody else's handler of
   * `SIGBUS` is above the guard's, such as that of Node.js's `process.on("SIGBUS")`.
   *
   * @throws {MmapError} `EBADF` if the mapping is closed.
   */
  get truncationGuarded(): boolean {
    return Mmap.#opened(this).track().areGuarded;
  }

  /**
   * What may be done with the memory: `"none"`, `"read"`, `"read-write"` or
   * `"read-execute"`; `"mixed"` where that is not the same for all of it.
   *
   * @throws {MmapError} `EBADF` if the mapping is closed.
   */
  get access(): Access | "mixed" {
    return Mmap.#opened(this).access;
  }

  /**
   * What may be done with one byte: see {@linkcode Mmap.access}.
   *
   * @param byteOffset Where it is in the mapping.
   * @throws {RangeError} If there is no such byte.
   * @throws {MmapError} `EBADF` if the mapping is closed.
   */
  accessAt(byteOffset: number | bigint): Access {
    return Mmap.#opened(this).accessAt(byteOffset);
  }

  /**
   * Changes what may be done with whole pages. Views that lie in them, even
   * in part, are detached; a view can be made only of what is `"read-write"`.
   *
   * A pending call of the runtime, such as a compression, may still use a buffer of
   * these pages. So any access but `"read-write"` is refused, with `EBUSY`, until the
   * collector has found that no buffer of them is reachable. {@linkcode Mmap.write} and
   * {@linkcode Mmap.read} make no buffer: fill such memory by them.
   * {@linkcode Mmap.unsafeProtect} does not look.
   *
   * Calls [`mprotect`](https://man7.org/linux/man-pages/man2/mprotect.2.html)
   * on Linux and macOS,
   * [`VirtualAlloc`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc)
   * and
   * [`VirtualProtect`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualprotect)
   * on Windows.
   *
   * @param access `"none"`, `"read"`, `"read-write"` or `"read-execute"`. What
   * was reserved or decommitted gets memory, zeroed, unless it is `"none"`.
   * @param byteOffset Where the pages start, in bytes: a multiple of
   * {@linkcode pageSize}. Default: 0.
   * @param byteLength How long they are together, in bytes: a multiple of the
   * page size, or up to the end. Default: up to the end of the mapping.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If it is no such access, or the range is not of whole
   * pages within the mapping.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` if a buffer that
   * covers a page was transferred away, or (in Bun from 1.4 on) is in use, while the
   * mapping is shared, or if {@linkcode Mmap.waitAsync} waits for a word that could not be
   * stored to then, and if a buffer is not yet collected: views are detached then;
   * another code if the system refused, as some do `"read-execute"`. The access stays as it is.
   *
   * @example A table that cannot be overwritten
   * ```ts
   * import { MmapOptions, pageSize } from "@sysalloc/sysalloc";
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
   * Changes what may be done with whole pages as {@linkcode Mmap.protect} does, also while
   * a buffer of them is not yet collected. Where a pending call of the runtime uses one,
   * and does what is not allowed any more, that ends the process: await all calls that
   * were given a view of these pages before.
   *
   * Calls the same as {@linkcode Mmap.protect}.
   *
   * @param access `"none"`, `"read"`, `"read-write"` or `"read-execute"`. What
   * was reserved or decommitted gets memory, zeroed, unless it is `"none"`.
   * @param byteOffset Where the pages start, in bytes: a multiple of
   * {@linkcode pageSize}. Default: 0.
   * @param byteLength How long they are together, in bytes: a multiple of the
   * page size, or up to the end. Default: up to the end of the mapping.
   * @throws What {@linkcode Mmap.protect} throws, but for a buffer that is not yet collected.
   *
   * @example Freeze what was filled by a view
   * ```ts
   * import { MmapOptions } from "@sysalloc/sysalloc";
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
   * Makes whole pages readable and writable with which nothing could be done:
   * those of {@linkcode MmapOptions.reserve} and of {@linkcode Mmap.decommit} get
   * memory, zeroed. It leaves pages of any other access as they are.
   *
   * Calls the same as {@linkcode Mmap.protect}.
   *
   * @param byteOffset Where the pages start, in bytes: a multiple of {@linkcode pageSize}.
   * @param byteLength How long they are together, in bytes: a multiple of the
   * page size, or up to the end.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is not of whole pages within the mapping.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` while it is shared;
   * `ENOMEM` if there is too little memory. Nothing is changed then.
   *
   * @example Grow in place
   * ```ts
   * import { MmapOptions } from "@sysalloc/sysalloc";
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
   * Gives the memory of whole pages back: nothing may be done with them until
   * {@linkcode Mmap.commit}, and they are zero then. Views that lie in them, even
   * in part, are detached. What was ever viewed stays accessible to native code,
   * because the runtime's own calls may still be at it.
   *
   * Calls [`mmap`](https://man7.org/linux/man-pages/man2/mmap.2.html) over the
   * pages on Linux and macOS,
   * [`VirtualFree`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualfree)
   * on Windows; for what was viewed the same as {@linkcode Mmap.unmap}.
   *
   * @param byteOffset Where the pages start, in bytes: a multiple of {@linkcode pageSize}.
   * @param byteLength How long they are together, in bytes: a multiple of the
   * page size, or up to the end.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is not of whole pages within the mapping.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` if a buffer that
   * covers a page was transferred away, or (in Bun from 1.4 on) is in use, while the
   * mapping is shared, or if {@linkcode Mmap.waitAsync} waits for a word of them; another
   * code if the system refused: pages before those that it refused can be decommitted
   * then, and {@linkcode Mmap.accessAt} tells which.
   */
  decommit(byteOffset: number | bigint, byteLength: number | bigint): void {
    const mapping = Mmap.#opened(this);
    mapping.decommit(mapping.pageRange(byteOffset, byteLength));
  }

  /**
   * Gives the memory of whole pages back, which stay readable and writable.
   * Anonymous memory is zero then; that of {@linkcode MmapOptions.map} is, on Linux,
   * the file's again; so they are to every handle of memory that is shared. Views stay
   * attached.
   *
   * Calls [`madvise(MADV_DONTNEED)`](https://man7.org/linux/man-pages/man2/madvise.2.html)
   * on Linux, [`mmap`](https://man7.org/linux/man-pages/man2/mmap.2.html) over the
   * pages on macOS, and
   * [`DiscardVirtualMemory`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-discardvirtualmemory)
   * on Windows, after it has stored zeros.
   *
   * @param byteOffset Where the pages start, in bytes: a multiple of
   * {@linkcode pageSize}. Default: 0.
   * @param byteLength How long they are together, in bytes: a multiple of the
   * page size, or up to the end. Default: up to the end of the mapping.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is not of whole pages within the mapping.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EACCES` if its access
   * is not `"read-write"`, or of {@linkcode MmapOptions.map} `"copy-on-write"`,
   * throughout; `ENOTSUP` if it is memory of {@linkcode MmapOptions.mapMut},
   * {@linkcode MmapOptions.mapShared}, {@linkcode MmapOptions.mapMirrored} or of huge
   * pages, and on macOS and Windows of any file; `EFAULT` if its file was found truncated.
   */
  discard(byteOffset: number | bigint = 0, byteLength?: number | bigint): void {
    const mapping = Mmap.#opened(this);
    const range = mapping.pageRange(byteOffset, byteLength);
    discard(mapping.track(), range);
  }

  /**
   * Makes the mapping longer or shorter. What was stored stays, up to the shorter
   * of the two lengths; the address can change. Views are detached: ask for new ones.
   * Where the system refuses, memory is as before, and so is a file.
   *
   * A mapping of {@linkcode MmapOptions.mapMut} makes its file longer where that
   * ends before the mapping then does; a shorter mapping leaves the file as it
   * is. Other memory of files, and that of {@linkcode MmapOptions.mapShared}, can only
   * become shorter. What moves starts at any page
   * that the system chooses, whatever `align()` was.
   *
   * Anonymous memory on Linux is moved, not copied, by
   * [`mremap`](https://man7.org/linux/man-pages/man2/mremap.2.html), except what was
   * committed piece by piece. On macOS it grows in place where nothing is behind it,
   * else it is copied, as it always is on Windows. There, addresses of a mapping that
   * became shorter stay taken.
   *
   * New bytes are zero, except those of the last page of a mapping that was shorter before.
   *
   * @param byteLength The new length in bytes, above 0.
   * @throws {TypeError} If it is not a whole number or a bigint.
   * @throws {RangeError} If it is 0, negative or above 2^53 - 1.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` if a view's buffer was
   * transferred away, or (in Bun from 1.4 on) is in use by the runtime, while the mapping is
   * shared, or if {@linkcode Mmap.waitAsync} waits for a word; `EACCES` if the access
   * is not the same throughout, or if memory that must be copied is `"none"`, and was not always:
   * on Linux that is what the system keeps in several pieces, as after an advice for a part;
   * `ENOTSUP` with guard pages, huge pages, or growth of memory of a
   * file that cannot grow; `EFBIG` if the process may not make the file as long (`ulimit -f`);
   * `ENOMEM` or another code if the system refused.
   *
   * @example A buffer that grows
   * ```ts
   * import { MmapOptions } from "@sysalloc/sysalloc";
   *
   * using mmap = new MmapOptions({ len: 65536 }).mapAnon();
   * mmap.bytes[0] = 42;
   * mmap.resize(1 << 20);
   * console.log(mmap.bytes[0], mmap.byteLength); // 42 1048576
   * ```
   */
  resize(byteLength: number | bigint): void {
    const length = byteCount(byteLength, "The length");
    if (length === 0) throw new RangeError("The length must be greater than 0");
    resize(Mmap.#opened(this), length);
  }

  /**
   * Copies bytes of the mapping, of any access but `"none"`. It never ends the
   * process: a page whose file was truncated is an error.
   *
   * Memory of no file is copied by
   * [`memmove`](https://man7.org/linux/man-pages/man3/memmove.3.html) on Linux
   * and macOS; any other by
   * [`process_vm_readv`](https://man7.org/linux/man-pages/man2/process_vm_readv.2.html)
   * on Linux (a pipe, where that is forbidden) and `mach_vm_read_overwrite` on macOS. Windows:
   * [`ReadProcessMemory`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-readprocessmemory).
   * A view of a mapping that can have the same bytes, and shared memory of JavaScript, is
   * copied to through other memory, 256 KiB at a time (all of it where the two overlap at both ends, as in
   * {@linkcode MmapOptions.mapMirrored}).
   *
   * @param target Where to: any typed array or `DataView`. Its length in bytes
   * is how much is copied.
   * @param byteOffset Where the bytes start in the mapping. Default: 0.
   * @throws {TypeError} If an argument is of the wrong type, or the view detached.
   * @throws {RangeError} If the bytes are not all within the mapping.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EACCES` if a byte
   * cannot be read; `EFAULT` if the file does not reach so far any more: `target`
   * can hold some of the bytes then.
   *
   * @example Read what cannot be viewed
   * ```ts
   * import { MmapOptions } from "@sysalloc/sysalloc";
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
    if (range !== undefined) copyOut(mapping.track(), range, bytes);
  }

  /**
   * Copies bytes to the mapping, where it can be stored to. It never ends the
   * process: a page whose file was truncated is an error.
   *
   * Calls what {@linkcode Mmap.read} does, with
   * [`process_vm_writev`](https://man7.org/linux/man-pages/man2/process_vm_readv.2.html),
   * `mach_vm_write` and
   * [`WriteProcessMemory`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-writeprocessmemory).
   *
   * @param source Where from: any typed array or `DataView`, all of it.
   * @param byteOffset Where the bytes go in the mapping. Default: 0.
   * @throws {TypeError} If an argument is of the wrong type, or the view detached.
   * @throws {RangeError} If the bytes are not all within the mapping.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EACCES` if a byte
   * cannot be stored to; `EFAULT` if the file does not reach so far any more:
   * some of the bytes can be stored then.
   */
  write(source: ArrayBufferView, byteOffset: number | bigint = 0): void {
    const bytes = bytesOf(source, "The source");
    const mapping = Mmap.#opened(this);
    const range = copyRange(mapping.info, bytes, byteOffset);
    if (range !== undefined) copyIn(mapping.track(), range, bytes);
  }

  /**
   * Writes what was stored to memory of {@linkcode MmapOptions.mapMut} to its
   * file, and waits until the disk has it. Of any other memory nothing reaches a
   * file: it does nothing.
   *
   * Calls [`msync(MS_SYNC)`](https://man7.org/linux/man-pages/man2/msync.2.html) on
   * Linux and macOS,
   * [`FlushViewOfFile`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-flushviewoffile)
   * and
   * [`FlushFileBuffers`](https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-flushfilebuffers)
   * on Windows.
   *
   * @param byteOffset Where the bytes start, rounded down to a page. Default: 0.
   * @param byteLength How many they are, rounded up to a page. Default: up to the
   * end of the mapping.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is not within the mapping.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EIO` or another code if
   * the system could not write.
   */
  flush(byteOffset: number | bigint = 0, byteLength?: number | bigint): void {
    const mapping = Mmap.#opened(this);
    const range = mapping.pagesAround(byteOffset, byteLength);
    flush(mapping.track(), range, true);
  }

  /**
   * Has the system start to write what {@linkcode Mmap.flush} writes, and does not wait.
   *
   * Calls [`msync(MS_ASYNC)`](https://man7.org/linux/man-pages/man2/msync.2.html) on
   * Linux, where it does nothing that the system does not do by itself, and macOS,
   * [`FlushViewOfFile`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-flushviewoffile)
   * on Windows.
   *
   * @param byteOffset Where the bytes start, rounded down to a page. Default: 0.
   * @param byteLength How many they are, rounded up to a page. Default: up to the
   * end of the mapping.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is not within the mapping.
   * @throws {MmapError} As {@linkcode Mmap.flush} does.
   */
  startFlush(byteOffset: number | bigint = 0, byteLength?: number | bigint): void {
    const mapping = Mmap.#opened(this);
    const range = mapping.pagesAround(byteOffset, byteLength);
    flush(mapping.track(), range, false);
  }

  /**
   * Lets go of the memory without unmapping it: the handle is closed, its
   * views are detached, and what is returned is all that is left to reach the
   * memory by. Give it to {@linkcode Mmap.unsafeFromRaw}, here or in another
   * thread, or the memory stays mapped until the process ends. Await the
   * runtime's own calls that have a view before: they would go on with memory
   * that has a new owner.
   *
   * @returns The address and the length in bytes; it can be posted to a worker.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` if a view's
   * buffer was transferred away, or (in Bun from 1.4 on) is in use by the runtime, or while
   * the mapping is shared.
   */
  intoRaw(): RawMmap {
    const mapping = Mmap.#opened(this);
    const { byteLength } = mapping;
    return { address: mapping.giveAway(), byteLength };
  }

  /**
   * Shares the memory with another handle, in this or another thread of this process,
   * and nothing is copied: returns a ticket for {@linkcode Mmap.fromTicket}, a small
   * object that `postMessage()` takes as it is.
   *
   * The memory goes back when the last handle is unmapped, or collected, in whatever
   * thread. Until then a ticket counts as a handle: give up by {@linkcode Mmap.release}
   * what nobody is going to use. A worker that ends, or is terminated, without
   * `unmap()` keeps the memory as well, until the process ends: post a message to
   * it, let it unmap, and terminate it then.
   *
   * While other handles or tickets are there, {@linkcode Mmap.protect}, `commit()`,
   * `decommit()`, `resize()` and `intoRaw()` throw `EBUSY` in each handle; when one is
   * left alone, and the collectors of the other threads have found all views of theirs, it
   * can do all again (a thread that ends before leaves it so for good). What changes content, such as {@linkcode Mmap.discard}, does so for all of
   * them; advice and locks are the memory's too. Stores of several threads to one place
   * want `Atomics`.
   *
   * While another thread stores to the memory, do not give a view of it to `sort()` without
   * a comparator or to a text decoder: engines rely on it not to change in the meantime, and
   * the process can crash. Copy by {@linkcode Mmap.read} first.
   *
   * A handle itself cannot be posted: `postMessage()` and `structuredClone()` throw a
   * `DataCloneError`.
   *
   * All kinds of memory can be shared: of files, with their guard, mirrored, reserved,
   * of huge pages, and such of which parts differ in access.
   *
   * @returns The ticket, good for one handle. It can be cloned, or written as JSON.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EBUSY` if a view's buffer was
   * transferred away; `ENOMEM` if there is no memory to keep count; `ENOTSUP` if other
   * software has taken the addresses at which threads find what they share.
   *
   * @example A gibibyte for a worker
   * ```ts
   * import { Mmap, MmapOptions } from "@sysalloc/sysalloc";
   *
   * const { port1, port2 } = new MessageChannel();
   * const mmap = new MmapOptions({ len: 2 ** 30 }).mapAnon();
   * port1.postMessage(mmap.share());
   * port2.onmessage = ({ data: ticket }) => { // in the worker: onmessage
   *   using same = Mmap.fromTicket(ticket);
   *   same.view(Uint8Array, 0, 1)[0] = 1;
   *   port2.close();
   * };
   * mmap.unmap(); // the other one keeps the memory
   * ```
   */
  share(): MmapTicket {
    return share(() => Mmap.#opened(this));
  }

  /**
   * Gives the memory back and detaches every view of it. Does nothing when
   * closed already. Memory that is shared goes back with its last handle.
   *
   * A mapping that no view was ever asked of is unmapped at once, by
   * [`munmap`](https://man7.org/linux/man-pages/man2/munmap.2.html) on Linux
   * and macOS and by
   * [`VirtualFree`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualfree)
   * on Windows. Of any other the memory goes back at once, and the address
   * range is unmapped when neither this handle nor a buffer of it is reachable
   * any more: an asynchronous call of the runtime that has a view, and keeps
   * the buffer while it runs, reads zeros (on Windows whatever is there), and
   * what it stores nobody sees. The memory goes by
   * [`madvise(MADV_DONTNEED)`](https://man7.org/linux/man-pages/man2/madvise.2.html)
   * on Linux, by mapping over it on macOS, and by
   * [`DiscardVirtualMemory`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-discardvirtualmemory)
   * on Windows, where it stays committed until the range is unmapped.
   *
   * What {@linkcode Mmap.waitAsync} waits for is given up: its promises reject with
   * `EBADF`.
   *
   * Up to 16,384 ranges of together 1 TiB (256 MiB on Windows) wait so in all threads
   * together; beyond that the oldest of this thread are unmapped, except for what is within
   * a 64th of both limits. So are all of this thread where mapping would fail for want of
   * memory or addresses, and those that a strict hint lies on.
   *
   * @throws {MmapError} `EBUSY` if a view's buffer was transferred away: its
   * new owner uses the memory, which stays mapped until the process ends.
   * In Bun from 1.4 on `EBUSY` also while the runtime itself uses a buffer, and everywhere
   * if a thread of {@linkcode Mmap.waitAsync} does not leave within 10 s: try again then.
   * Any other code if the system refused to unmap what was never viewed: it is
   * still mapped, and `unmap()` can be called again.
   */
  unmap(): void {
    Mmap.#of(this).unmap();
  }

  /** Unmaps at the end of a `using` block: {@linkcode Mmap.unmap}. */
  [Symbol.dispose](): void {
    Mmap.#of(this).unmap();
  }

  /**
   * Tells the system what is meant to be done with the memory: {@linkcode Advice}
   * lists what each system has.
   *
   * Calls [`madvise`](https://man7.org/linux/man-pages/man2/madvise.2.html) on Linux and
   * macOS; on Windows
   * [`PrefetchVirtualMemory`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-prefetchvirtualmemory)
   * for `"will-need"` and
   * [`DiscardVirtualMemory`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-discardvirtualmemory)
   * for `"free"`.
   *
   * @param advice The advice. It holds until another one undoes it, or
   * {@linkcode Mmap.decommit} takes the pages.
   * @param byteOffset Where the memory starts, in bytes. Default: 0.
   * @param byteLength How much it is, in bytes. Default: up to the end of the
   * mapping. The range is rounded outwards to pages; but `"dont-need"`,
   * `"dont-need-locked"`, `"free"`, `"free-reusable"` and `"remove"`, which can
   * change content, take whole pages only.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If it is no such advice, or the range is out of bounds or,
   * where it must be, not of whole pages.
   * @throws {MmapError} `EBADF` if the mapping is closed; `ENOTSUP` if this system
   * has no such advice; `EINVAL` (Linux, macOS) if this kernel has it not, or not for
   * this memory; another code if the system refused.
   *
   * @example Huge pages where there are any
   * ```ts
   * import { MmapError, MmapOptions } from "@sysalloc/sysalloc";
   *
   * using mmap = new MmapOptions({ len: 2 ** 30 }).mapAnon();
   * try {
   *   mmap.advise("huge-page");
   * } catch (error) {
   *   if (!(error instanceof MmapError)) throw error; // it serves without, too
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
   * Backs pages with memory and keeps them in RAM: they are never written to the
   * swap space. Locks do not add up, {@linkcode Mmap.unlock} undoes any number;
   * {@linkcode Mmap.discard}, {@linkcode Mmap.decommit} and {@linkcode Mmap.unmap}
   * undo them too. What {@linkcode Mmap.resize} adds may be locked or not: lock it again.
   *
   * Of memory of {@linkcode MmapOptions.map} Linux locks the pages that the system has cached of
   * the file, and copies none for it. Pages that were stored to are locked as what they are, copies;
   * so are those that are stored to later. But where the cache has a huge page, a later store
   * unlocks the rest of it: to have that in RAM for sure, `unlock()` and lock again. (What is the
   * file's never goes to the swap space.) Before Linux 5.14, and where a sandbox forbids the calls,
   * each page is copied; macOS may do so as well.
   *
   * Calls [`mlock`](https://man7.org/linux/man-pages/man2/mlock.2.html) on Linux and macOS,
   * for memory of `map()` on Linux
   * [`mlock2(MLOCK_ONFAULT)`](https://man7.org/linux/man-pages/man2/mlock.2.html) and
   * [`madvise(MADV_POPULATE_READ)`](https://man7.org/linux/man-pages/man2/madvise.2.html);
   * on Windows
   * [`VirtualLock`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtuallock),
   * and where the working set is too small for it,
   * [`SetProcessWorkingSetSize`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-setprocessworkingsetsize)
   * before it is tried once more.
   *
   * @param byteOffset Where the memory starts, in bytes. Default: 0.
   * @param byteLength How much it is, in bytes. Default: up to the end of the
   * mapping. The range is rounded outwards to pages.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is out of bounds.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EACCES` if the access of a
   * part is `"none"`; `EFAULT` if its file was truncated; `ENOMEM`, `EAGAIN` or `EPERM` at
   * the limit of locked memory (`ulimit -l`); `ENOMEM` on Linux if the machine or a control
   * group has too little memory. Any other failure can leave a part locked: call `unlock()` then.
   *
   * @example A key that never reaches the disk
   * ```ts
   * import { MmapOptions } from "@sysalloc/sysalloc";
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
   * Lets the system take pages from RAM again that {@linkcode Mmap.lock} kept
   * there. Where nothing is locked it does nothing; on Windows pages that are not
   * locked leave the working set, and come back when they are used.
   *
   * Calls [`munlock`](https://man7.org/linux/man-pages/man2/mlock.2.html) on Linux and macOS,
   * [`VirtualUnlock`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualunlock)
   * on Windows: give it a range there of which all is locked.
   *
   * @param byteOffset Where the memory starts, in bytes. Default: 0.
   * @param byteLength How much it is, in bytes. Default: up to the end of the
   * mapping. The range is rounded outwards to pages.
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
   * Counts the bytes that are in RAM, in whole pages: never more than the range
   * rounded outwards to pages. It is true for a moment only. Of a file on Linux it
   * is what the system has cached of it, whoever read it.
   *
   * It asks for every page: on Linux that takes about half a second for 1 TiB of
   * reserved addresses, too, but little memory. Windows skips what has none.
   *
   * Calls [`mincore`](https://man7.org/linux/man-pages/man2/mincore.2.html) on Linux and macOS,
   * [`QueryWorkingSetEx`](https://learn.microsoft.com/windows/win32/api/psapi/nf-psapi-queryworkingsetex)
   * on Windows, for what
   * [`VirtualQuery`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualquery)
   * says is committed.
   *
   * @param byteOffset Where the memory starts, in bytes. Default: 0.
   * @param byteLength How much it is, in bytes. Default: up to the end of the mapping.
   * @returns The number of bytes, a multiple of {@linkcode pageSize}.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the range is out of bounds.
   * @throws {MmapError} `EBADF` if the mapping is closed; another code if the system refused.
   *
   * @example What a store costs
   * ```ts
   * import { MmapOptions, pageSize } from "@sysalloc/sysalloc";
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
   * Backs pages with memory ahead of their use, and leaves their content as it is:
   * what is used later does not wait for the system then. It does so a little at a
   * time, so that the event loop never waits for longer than some 10 ms, and all
   * else goes on between.
   *
   * Calls [`madvise(MADV_POPULATE_WRITE)`](https://man7.org/linux/man-pages/man2/madvise.2.html)
   * on Linux from 5.14 on, `MADV_POPULATE_READ` for memory that cannot be stored to;
   * elsewhere it loads from each page, or stores to it what is there. What is more than the
   * machine or a control group (a container) has left is refused on Linux; elsewhere, and where
   * others take it meanwhile, memory that the system has not got ends the process, as it does
   * for any other store.
   *
   * @param options What to back, and how to follow it.
   * @returns When all is backed.
   * @throws {TypeError} If an option is unknown or of the wrong type. This and what
   * follows reject the promise: nothing is thrown by the call.
   * @throws {RangeError} If the range is out of bounds.
   * @throws {MmapError} `EBADF` if the mapping is closed, also between two parts;
   * `EACCES` if the access of a part is `"none"`; `ENOMEM` if there is too little memory; another
   * code if the system refused. The `reason` of a signal that is aborted, and what `onProgress` throws, reject it too.
   * What was backed before stays so.
   *
   * @example With progress, for two seconds at most
   * ```ts
   * import { MmapOptions } from "@sysalloc/sysalloc";
   *
   * using mmap = new MmapOptions({ len: 2 ** 28 }).mapAnon();
   * await mmap.prefault({
   *   signal: AbortSignal.timeout(2000),
   *   onProgress: (done, total) => console.log(`${Math.round(100 * done / total)} %`),
   * });
   * ```
   */
  // Not async, as waitAsync() below: where the stack ends there must not be a promise
  // whose rejection nobody can see. Nor must what is called be at the end: in Bun 1.2 an
  // async function then throws, and leaves such a promise.
  prefault(options: PrefaultOptions = {}): Promise<void> {
    checkFewFrames();
    return prefault(() => Mmap.#opened(this), options);
  }

  /**
   * Sleeps until another thread or process calls {@linkcode Mmap.notify} for a
   * 32-bit word of the memory, as long as that has the value that is expected:
   * `Atomics.wait()` for memory that is no `SharedArrayBuffer`, and that processes
   * can share. Comparing and going to sleep are one step: what is stored and
   * announced after the comparison wakes.
   *
   * It blocks the thread, and its event loop; on the main thread too. Store another
   * value before you notify, and look at the value again after `"ok"`, as everywhere
   * with such calls: a wake-up can be meant for somebody who waited there before.
   * Every 100 ms the thread is awake for a moment, so that it can be terminated (not in
   * Deno, or Bun before 1.3.14, which end no worker inside a call); a `notify()` without
   * a new value finds nobody in that moment.
   *
   * Calls [`futex`](https://man7.org/linux/man-pages/man2/futex.2.html) on Linux,
   * [`os_sync_wait_on_address`](https://developer.apple.com/documentation/os/os_sync_wait_on_address_with_timeout)
   * on macOS (from 14.4 on), and waits for a
   * [semaphore](https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitforsingleobject)
   * on Windows, which processes of one session find by its name.
   *
   * @param byteOffset Where the word is in the mapping, in bytes: a multiple of 4
   * (in memory: see {@linkcode Mmap.view}).
   * @param expected The value, from -2^31 to 2^32 - 1: signed and unsigned numbers
   * of the same bits are the same.
   * @param timeout How long at most, in milliseconds, of which fractions count; 0
   * or below only compares. Default: `Infinity`. `NaN`, which means that too to
   * `Atomics.wait()`, is refused.
   * @returns `"ok"` when woken; `"not-equal"` if the word has another value;
   * `"timed-out"` when the time is up.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the word is not within the mapping or not aligned, or the
   * value has more than 32 bits.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EACCES` if the word cannot be
   * stored to; `EFAULT` if its file was truncated; `ENOTSUP` if it is memory of
   * {@linkcode MmapOptions.map} or {@linkcode MmapOptions.mapExec}, a private copy of a file
   * that no store of others wakes, and on macOS before 14.4; another code if the system refused.
   *
   * @example A flag that another process sets
   * ```ts
   * import { MmapOptions } from "@sysalloc/sysalloc";
   *
   * using mmap = new MmapOptions({ len: 4096 }).mapAnon(); // or mapMut() of a file
   * const words = mmap.view(Int32Array);
   * while (Atomics.load(words, 0) === 0) {
   *   if (mmap.wait(0, 0, 10) === "timed-out") break; // nobody does here
   * }
   * // …and there:
   * Atomics.store(words, 0, 1);
   * mmap.notify(0);
   * ```
   */
  wait(byteOffset: number | bigint, expected: number, timeout: number = Infinity): WaitResult {
    const mapping = Mmap.#opened(this);
    const range = wordRange(byteOffset, mapping.info);
    const value = word32(expected, "The expected value");
    return wait(mapping.track(), range, value, timeMs(timeout, "The timeout"));
  }

  /**
   * Waits as {@linkcode Mmap.wait} does, and does not block the event loop: another
   * thread sleeps, one for each wait that is under way. Each thread of your program has
   * up to 32 of them, each of 4 to 13 MB, and keeps two for 3 s after their last wait. On Windows
   * {@linkcode Mmap.notify} finds it at once, elsewhere from when that thread sleeps:
   * some 20 to 70 ms after the call where it has to be started. What is stored in
   * between is noticed, so that nothing is missed if you store before you notify.
   *
   * As long as it is under way the mapping is not collected, and cannot be resized, nor
   * its word decommitted or protected from stores (`EBUSY`). {@linkcode Mmap.unmap} ends it.
   *
   * @param byteOffset Where the word is in the mapping, in bytes: a multiple of 4.
   * @param expected The value, from -2^31 to 2^32 - 1.
   * @param options How long, and what ends it.
   * @returns `"ok"`, `"not-equal"` or `"timed-out"`, as `wait()` returns it.
   * @throws {TypeError} If an argument or an option is of the wrong type, or unknown. This
   * and what follows reject the promise: nothing is thrown by the call.
   * @throws {RangeError} As `wait()` does.
   * @throws {MmapError} As `wait()` does; `EBADF` also if the mapping is closed
   * meanwhile; `EAGAIN` if 32 waits are under way, or a thread cannot be started now, because
   * descriptors are too few; `ENOMEM` if what a limit leaves of addresses or data is too little for one;
   * `ENOTSUP` if the runtime starts none (Node.js with `--permission` and without
   * `--allow-worker`), with its error as `cause`. The `reason` of a signal that is aborted rejects it too.
   *
   * @example For a second at most
   * ```ts
   * import { MmapOptions } from "@sysalloc/sysalloc";
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
   * Wakes those that sleep in {@linkcode Mmap.wait} or {@linkcode Mmap.waitAsync}
   * for a word, in any thread and process that has the same memory. Store another
   * value to the word before: who was about to sleep then does not.
   *
   * Calls [`futex`](https://man7.org/linux/man-pages/man2/futex.2.html) on Linux,
   * [`os_sync_wake_by_address_any`](https://developer.apple.com/documentation/os/os_sync_wake_by_address_any)
   * on macOS (from 14.4 on), and
   * [`ReleaseSemaphore`](https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-releasesemaphore)
   * for each of them on Windows.
   *
   * @param byteOffset Where the word is in the mapping, in bytes: a multiple of 4.
   * @param count How many to wake at most. Default: `Infinity`.
   * @returns How many were woken.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If the word is not within the mapping or not aligned, or the
   * count is below 0.
   * @throws {MmapError} `EBADF` if the mapping is closed; `EACCES` if the word cannot be
   * stored to; `EFAULT` if its file was truncated; `ENOTSUP` if it is memory of
   * {@linkcode MmapOptions.map} or {@linkcode MmapOptions.mapExec}, a private copy of a file
   * that no store of others wakes, and on macOS before 14.4; another code if the system refused.
   *
   * @example A counter that others wait for
   * ```ts
   * import { MmapOptions } from "@sysalloc/sysalloc";
   *
   * using mmap = new MmapOptions({ len: 4096 }).mapAnon();
   * Atomics.add(mmap.view(Int32Array), 0, 1);
   * console.log(mmap.notify(0, 1)); // 0: nobody waits
   * ```
   */
  notify(byteOffset: number | bigint, count: number = Infinity): number {
    const mapping = Mmap.#opened(this);
    const range = wordRange(byteOffset, mapping.info);
    return notify(mapping.track(), range, countOrAll(count, "The count"));
  }

  static #of(mmap: Mmap): Mapping {
    if (typeof mmap === "object" && mmap !== null && #mapping in mmap) return mmap.#mapping;
    throw new TypeError(`The receiver must be an Mmap, got ${describe(mmap)}`);
  }

  static #opened(mmap: Mmap): Mapping {
    const mapping = Mmap.#of(mmap);
    if (mapping.byteLength !== 0) return mapping;
    throw new MmapError(
      "The mapping is closed: it was unmapped, or given away by intoRaw()",
      { code: "EBADF" },
    );
  }
}
