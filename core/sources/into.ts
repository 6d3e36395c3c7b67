/**
 * Mapping into memory of the engine: a `WebAssembly.Memory`, or a shared buffer of its own.
 *
 * @module
 */
import { currentRuntime, type Host } from "../../ffi/host.ts";
import type { FileRequest } from "../../ffi/os/contract/files.ts";
import {
  type AdvisedFailure,
  type Failure,
  isFailure,
  type Mapper,
  type MapRequest,
  UNSUPPORTED,
} from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import type { TruncationGuard } from "../../ffi/os/contract/truncation_guard.ts";
import type { AddressRange, RegionFacts } from "../../ffi/os/contract/regions.ts";
import { byteCount } from "../checks/arguments.ts";
import { checkStack } from "../checks/call_stack.ts";
import { describeRange, MmapError, systemError, unmapError } from "../checks/errors.ts";
import { type Backing, plainAllocation, releaseGuard } from "../lifetime/allocation.ts";
import {
  bufferOf,
  EngineMemory,
  findMappedOver,
  growBy,
  listRegions,
  overlap,
  WASM_PAGE_BYTE_LENGTH,
  type WasmMemory,
} from "../lifetime/engine_memory.ts";
import { hadEngineGuard, noteEngineMapping, takeEngineTurn } from "../lifetime/process_table.ts";
import { unmapAllocation, unmapStray } from "../lifetime/release.ts";
import { leaveRoom } from "../lifetime/room.ts";

/** Where to map: in a caller's memory, at a byte or behind its end, or in a new one. */
export interface EngineTarget {
  readonly memory: WasmMemory | undefined;
  readonly byteOffset: number | "grow";
}

/** A new shared memory. */
export const NEW_MEMORY: EngineTarget = { memory: undefined, byteOffset: 0 };

/** A place in memory of the engine. */
export interface EnginePlace {
  readonly engine: EngineMemory;
  readonly byteOffset: number;
  /** Whether nobody else has had the memory, so that nothing is mapped there. */
  readonly isNew: boolean;
}

/** Checks the arguments of `into()`. */
export function engineTarget(memory: WasmMemory, byteOffset: unknown): EngineTarget {
  bufferOf(memory); // throws if it is none
  if (byteOffset === "grow") return { memory, byteOffset };
  return { memory, byteOffset: byteCount(byteOffset, 'The byteOffset (or "grow")') };
}

/** Finds the place for `byteLength` bytes, and makes room for them if there is no offset. */
export function enginePlace(
  { os }: Host,
  { memory, byteOffset }: EngineTarget,
  pageOffset: number,
  byteLength: number,
): EnginePlace {
  const { pageSize, files } = os;
  if (files.mapOver === undefined) {
    throw new MmapError("This system cannot map into memory of the engine", { code: "ENOTSUP" });
  }
  if (pageOffset !== 0) {
    throw new RangeError(
      `The offset in the file must be a multiple of the page size, ${pageSize} bytes, for memory ` +
        `of the engine: it is ${pageOffset} bytes past one`,
    );
  }
  const engine = memory === undefined ? EngineMemory.shared(byteLength) : new EngineMemory(memory);
  const refusal = currentRuntime().wasm.refusal(engine.isShared);
  if (refusal !== undefined) throw new MmapError(refusal, { code: "ENOTSUP" });
  if (engine.address % BigInt(pageSize) !== 0n) {
    throw new MmapError(
      `The memory starts at ${engine.address}, which is no multiple of the page size, ` +
        `${pageSize} bytes: the engine did not map it`,
      { code: "ENOTSUP" },
    );
  }
  if (memory === undefined) return { engine, byteOffset: 0, isNew: true };
  if (byteOffset === "grow") return grown(memory, byteLength);
  if (byteOffset % pageSize !== 0) {
    throw new RangeError(
      `The byteOffset must be a multiple of the page size, ${pageSize} bytes, got ${byteOffset}`,
    );
  }
  const needed = byteOffset + Math.ceil(byteLength / pageSize) * pageSize;
  if (needed > engine.byteLength) {
    throw new RangeError(
      `The memory is ${engine.byteLength} bytes long, and ${byteLength} bytes from byteOffset ` +
        `${byteOffset} need ${needed}: grow it first, or use "grow"`,
    );
  }
  return { engine, byteOffset, isNew: false };
}

/** Makes room behind the end of a memory. */
function grown(memory: WasmMemory, byteLength: number): EnginePlace {
  const pages = Math.ceil(byteLength / WASM_PAGE_BYTE_LENGTH);
  let before: number;
  try {
    before = growBy(memory, pages);
  } catch (cause) {
    throw new RangeError(
      `The memory cannot grow by ${pages} pages of 64 KiB for ${byteLength} bytes: raise its ` +
        "maximum, or map a part",
      { cause },
    );
  }
  const byteOffset = before * WASM_PAGE_BYTE_LENGTH;
  return { engine: new EngineMemory(memory), byteOffset, isNew: false };
}

/** Maps a file over the pages of a place, and guards them. Returns the address. */
export function mapOver(
  { os }: Host,
  { engine, byteOffset, isNew }: EnginePlace,
  request: FileRequest,
  backing: Backing,
  isGuarded: boolean,
): bigint {
  const { byteLength, name } = request;
  const address = engine.address + BigInt(byteOffset);
  const range = { address, byteLength };
  leaveRoom(os, 0);
  checkStack(); // all of the steps or none
  let failure: AdvisedFailure | undefined = tryElsewhere(os, request);
  if (failure === undefined) {
    const turn = takeEngineTurn(os); // another thread may find the same pages free
    try {
      const guard = hadEngineGuard(os) ? os.guard?.() : undefined;
      if (!isNew) checkFree(guard, range);
      guard?.endRanges(address, byteLength);
      // First: from then on another thread may find it, and a module may load from it.
      noteEngineMapping(os, isGuarded);
      backing.guard = isGuarded ? os.guard?.()?.add(address, byteLength) : undefined;
      failure = turn.isMine() ? os.files.mapOver!({ ...request, hint: address }) : LATE;
      if (failure !== undefined) releaseGuard({ backing });
    } finally {
      turn.end();
    }
  }
  if (failure === undefined) return address;
  throw systemError(`to map ${byteLength} bytes of ${name} into a memory`, failure);
}

/** The failure if this thread was stopped for so long that another one has taken its turn. */
const LATE: AdvisedFailure = {
  ...UNSUPPORTED,
  code: "EAGAIN",
  advice: "another thread has begun to map into a memory: try again",
};

/**
 * Maps a page elsewhere, and unmaps it: Linux unmaps the memory before it asks a file system that
 * may refuse (ENODEV), and the engine would find a hole.
 */
function tryElsewhere({ files, pageSize }: Os, request: FileRequest): Failure | undefined {
  const byteLength = BigInt(pageSize);
  const address = files.map({ ...request, byteLength, populate: false });
  if (typeof address !== "bigint") return address;
  unmapStray(files as Mapper<MapRequest>, address, byteLength);
  return undefined;
}

/** Puts zeroed memory back in place of what {@linkcode mapOver} mapped. Returns the error to throw. */
export function undoMapOver(
  { engine }: EnginePlace,
  range: AddressRange,
  backing: Backing,
  reason: unknown,
): unknown {
  const { address, byteLength } = range;
  const failure = unmapAllocation({ ...plainAllocation(address, byteLength), backing, engine });
  return failure === undefined ? reason : unmapError(range, failure, reason);
}

/** Refuses pages that are not the engine's own any more, because something is mapped there. */
function checkFree(guard: TruncationGuard | undefined, range: AddressRange): void {
  // The lost pages of a mapping look like the engine's.
  const { address, byteLength } = range;
  const other = findMappedOver(range) ?? findFileIn(guard?.lossesIn(address, byteLength) ?? []);
  if (other === undefined) return;
  if (isFailure(other)) throw systemError("to tell what is mapped in the memory", other);
  throw new MmapError(
    `The memory has something else mapped among ${describeRange(range)}` +
      (other.path === undefined ? "" : `, ${JSON.stringify(other.path)}`) +
      ": unmap that first, or choose another byteOffset",
    { code: "EEXIST" },
  );
}

/** Finds a file that is still mapped in one of these ranges. */
function findFileIn(ranges: readonly AddressRange[]): RegionFacts | Failure | undefined {
  let found: RegionFacts | Failure | undefined;
  ranges.forEach((range) => {
    const regions = found === undefined ? listRegions(range) : [];
    found ??= isFailure(regions)
      ? regions
      : regions.find((region) => region.path !== undefined && overlap(region, range));
  });
  return found;
}
