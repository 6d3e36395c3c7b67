/**
 * Memory of the JavaScript engine that files can be mapped into: a `WebAssembly.Memory`.
 *
 * The engine has mapped the pages, so that a file can be mapped over them, and zeroed private
 * memory over the file again. The addresses stay the engine's: the library never unmaps them.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import { type Failure, isFailure, UNSUPPORTED } from "../../ffi/os/contract/memory.ts";
import type { AddressRange, RegionFacts } from "../../ffi/os/contract/regions.ts";
import { describe } from "../checks/arguments.ts";
import { isUnshared } from "../checks/buffers.ts";
import { checkStack } from "../checks/call_stack.ts";
import { systemError } from "../checks/errors.ts";

/** The parts of a `WebAssembly.Memory` that the library uses. */
export interface WasmMemory {
  /** All bytes. A memory that is not shared gets a new buffer when it grows. */
  readonly buffer: ArrayBufferLike;
  /** Makes the memory longer, by pages of 64 KiB. Returns the previous number of pages. */
  grow(delta: number): number;
}

interface WasmMemoryDescriptor {
  readonly initial: number;
  readonly maximum: number;
  readonly shared: boolean;
}

/** The parts of the global `WebAssembly` that the library uses. */
interface WasmNamespace {
  readonly Memory: {
    new (descriptor: WasmMemoryDescriptor): WasmMemory;
    readonly prototype: WasmMemory;
  };
}

/** The length of a WebAssembly page in bytes. */
export const WASM_PAGE_BYTE_LENGTH = 65_536;
const ENGINE_SHORTAGE =
  "the engine finds too few addresses for a WebAssembly.Memory (V8 takes 10 GiB): unmap " +
  "shared buffers and drop them, or raise the limit (ulimit -v)";
/** The number of pages that a memory with 32-bit addresses can have. */
const MAX_WASM_PAGES = 65_536;

const { apply } = Reflect;

function wasm(): WasmNamespace {
  const { WebAssembly } = globalThis as { readonly WebAssembly?: WasmNamespace };
  if (WebAssembly !== undefined) return WebAssembly;
  throw new TypeError("There is no WebAssembly here: into() and sharedBuffer() need it");
}

/** Memories of this thread alone that something was mapped into. */
const memories: Set<WeakRef<WasmMemory>> = new Set();

/** Whether something may be mapped over an array's bytes, in memory of the engine. */
export function mayBeMappedOver(bytes: Uint8Array): boolean {
  const { buffer, byteLength } = bytes;
  const { addressOf } = host().os.copying;
  if (addressOf === undefined || buffer.byteLength % WASM_PAGE_BYTE_LENGTH !== 0) return false;
  if (isUnshared(buffer)) return isKnown(buffer);
  // Any thread can have done it.
  return findMappedOver({ address: addressOf(bytes), byteLength: BigInt(byteLength) }) !==
    undefined;
}

/** Whether a buffer is of a memory of this thread alone that something was mapped into. */
function isKnown(buffer: ArrayBufferLike): boolean {
  let isFound = false;
  memories.forEach((reference) => {
    const memory = reference.deref();
    if (memory === undefined) memories.delete(reference);
    else isFound ||= bufferOf(memory) === buffer; // it gets another when it grows
  });
  return isFound;
}

/** Lists the mappings of the process, all or those in a range. */
export function listRegions(within?: AddressRange): readonly RegionFacts[] | Failure {
  checkStack(); // what is opened is closed
  return host().os.regions.list({ pid: undefined, resident: false, within });
}

/** Whether a mapping and a range have addresses in common. */
export function overlap(region: RegionFacts, { address, byteLength }: AddressRange): boolean {
  return region.address < address + byteLength &&
    region.address + BigInt(region.byteLength) > address;
}

/** Finds what is mapped over memory of the engine: the engine's own is private, and of no file. */
export function findMappedOver(
  range: AddressRange,
  regions: readonly RegionFacts[] | Failure = listRegions(range),
): RegionFacts | Failure | undefined {
  if (isFailure(regions)) return regions;
  return regions.find((region) =>
    overlap(region, range) &&
    (region.path !== undefined || region.isShared || region.access !== "read-write")
  );
}

/** A `WebAssembly.Memory`, at its present address. */
export class EngineMemory {
  readonly memory: WasmMemory;
  /** The address of the first byte. */
  readonly address: bigint;
  #buffer: ArrayBufferLike;

  constructor(memory: WasmMemory) {
    this.memory = memory;
    this.#buffer = bufferOf(memory);
    this.address = addressOf(this.#buffer);
    if (!this.isShared && !isKnown(this.#buffer)) memories.add(new WeakRef(memory));
  }

  /** Makes a shared memory of whole WebAssembly pages. */
  static shared(byteLength: number): EngineMemory {
    const { Memory } = wasm();
    const pages = Math.ceil(byteLength / WASM_PAGE_BYTE_LENGTH);
    if (pages > MAX_WASM_PAGES) {
      throw new RangeError(
        `A shared buffer is at most ${MAX_WASM_PAGES * WASM_PAGE_BYTE_LENGTH} bytes long, got ` +
          `${byteLength}: set a shorter len(), or drop sharedBuffer()`,
      );
    }
    let memory: WasmMemory;
    try {
      memory = new Memory({ initial: pages, maximum: pages, shared: true });
    } catch (cause) {
      const failure = { ...UNSUPPORTED, code: "ENOMEM", advice: ENGINE_SHORTAGE };
      throw systemError(`to make a shared buffer of ${byteLength} bytes`, failure, cause);
    }
    return new EngineMemory(memory);
  }

  /** Whether other threads can have the memory, too. */
  get isShared(): boolean {
    return !isUnshared(this.#buffer);
  }

  /** The length in bytes. */
  get byteLength(): number {
    return this.buffer.byteLength;
  }

  /** The present buffer. */
  get buffer(): ArrayBufferLike {
    return this.#buffer = bufferOf(this.memory);
  }

  /** Whether the engine has not moved the memory: it may when a memory grows that is not shared. */
  get isInPlace(): boolean {
    const before = this.#buffer;
    const { buffer } = this;
    return buffer === before || addressOf(buffer) === this.address;
  }
}

/**
 * Grows a memory by pages of 64 KiB. Returns the previous number of pages. One with 64-bit
 * addresses takes a bigint.
 */
export function growBy(memory: WasmMemory, pages: number): number {
  const { grow } = wasm().Memory.prototype; // the object may have another of its own
  try {
    return Number(apply(grow, memory, [pages]));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return Number(apply(grow as (delta: unknown) => unknown, memory, [BigInt(pages)]));
  }
}

/** Returns the buffer of a memory, of any realm. Throws if it is none. */
export function bufferOf(memory: WasmMemory): ArrayBufferLike {
  const { get } = Object.getOwnPropertyDescriptor(wasm().Memory.prototype, "buffer")!;
  try {
    return apply(get!, memory, []);
  } catch (cause) {
    throw new TypeError(`The memory must be a WebAssembly.Memory, got ${describe(memory)}`, {
      cause,
    });
  }
}

function addressOf(buffer: ArrayBufferLike): bigint {
  return host().os.copying.addressOf!(new Uint8Array(buffer));
}
