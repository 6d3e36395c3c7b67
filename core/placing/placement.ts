/**
 * Mapping at a place: strict hints, room for the runtime, and undoing what failed.
 *
 * @module
 */
import type { Host } from "../../ffi/host.ts";
import { type FileRequest, isOfFile } from "../../ffi/os/contract/files.ts";
import type {
  AdvisedFailure,
  Mapper,
  MapRequest,
  MirrorRequest,
} from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import { own } from "../../ffi/own.ts";
import {
  hex,
  MmapError,
  SHORTAGE,
  strictHintError,
  systemError,
  unmapError,
} from "../checks/errors.ts";
import { plainAllocation } from "../lifetime/allocation.ts";
import { heldRanges } from "../lifetime/held_totals.ts";
import { releaseHeldRanges, releaseHeldRangesIn } from "../lifetime/held_ranges.ts";
import { release, unmapStray } from "../lifetime/release.ts";
import { anonymousRequest } from "../lifetime/requests.ts";
import { backingRefusal, leaveRoom, memoryRefusal } from "../lifetime/room.ts";
import { overlapsRoot } from "../lifetime/root.ts";
import { loadPages, touchPages } from "../pages/touch.ts";

/** A request for memory of any kind. */
type AnyRequest = MapRequest | FileRequest | MirrorRequest;

/** Refuses a strict hint that is not a multiple of the allocation granularity. */
export function checkStrictHint(
  hint: bigint,
  allocationGranularity: number,
): void {
  const granularity = BigInt(allocationGranularity);
  const excess = hint % granularity;
  if (excess === 0n) return;
  const below = hint - excess;
  const above = below + granularity;
  const end = 1n << 64n;
  throw new RangeError(
    `A strict hint must be a multiple of the allocation granularity, ${granularity} bytes: ` +
      `${hex(hint)} lies between ${hex(below)} and ${
        above < end ? hex(above) : "the end of the address space"
      }`,
  );
}

/**
 * Makes a function that maps memory with {@linkcode withRoom}. It can be called several times. If
 * it throws, nothing stays mapped.
 */
export function mappingOf(host: Host, request: AnyRequest): () => bigint {
  const { os } = host;
  const { mapper, populates } = requestMapper(os, request);
  const { byteLength } = request;
  const populatesItself = request.populate && !populates;
  const map = () => {
    const address = mapOnce(os, mapper, request);
    if (populatesItself) populate(host, request, address, mapper, address, byteLength);
    return address;
  };
  return () => {
    checkMemory(os, request);
    return withRoom(os, request, map);
  };
}

/** Refuses to populate more memory than is available. The system can evict pages of a file. */
export function checkMemory(os: Os, request: AnyRequest): void {
  if (!request.populate || isOfFile(request)) return;
  const mapped = Number(request.byteLength);
  const failure = memoryRefusal(os, request.kind === "mirror" ? mapped / 2 : mapped);
  if (failure !== undefined) throw mapError(os, request, failure);
}

/** Maps memory with {@linkcode withRoom}. If it throws, nothing stays mapped. */
export function mapWithRoom(host: Host, request: AnyRequest): bigint {
  return mappingOf(host, request)();
}

/** Maps and leaves the runtime room. If held ranges may be in the way, releases them and retries. */
export function withRoom(os: Os, request: MapRequest, map: () => bigint): bigint {
  leaveRoom(os, Number(request.byteLength));
  try {
    return map();
  } catch (error) {
    if (!(error instanceof MmapError) || !makeRoom(os, request, error.code)) throw error;
    return map();
  }
}

/**
 * Releases the held ranges at a strict hint, or all of them if there is no room. Returns whether it
 * did.
 */
function makeRoom(os: Os, request: MapRequest, code: string): boolean {
  if (code === "EADDRNOTAVAIL") return releaseHeldRangesIn(request.hint, request.byteLength);
  if (code !== "ENOMEM") return false;
  // A request that cannot succeed must not release ranges of pending calls. It cannot succeed if
  // the system maps a page, but not the bytes that are needed in addition to the held ranges.
  const lacking = request.byteLength - BigInt(heldRanges().byteLength);
  const isHopeless = lacking > 0n && !probeMap(os, request, lacking) && probeMap(os, request, 1n);
  return !isHopeless && releaseHeldRanges();
}

/** Tries to map so many bytes, and unmaps them again. */
function probeMap(os: Os, request: MapRequest, byteLength: bigint): boolean {
  const { noReserve } = request;
  // A file takes only addresses, and a mirror takes half its length of memory.
  const protection = request.kind === "memory" ? request.protection : "none";
  const address = os.map(anonymousRequest(byteLength, { noReserve, protection }));
  if (typeof address !== "bigint") return false;
  release([plainAllocation(address, byteLength)]);
  return true;
}

/**
 * Backs every page from `start` on with memory. If it throws, it has unmapped the whole allocation
 * of `byteLength` bytes at `address`.
 */
export function populate(
  { runtime, os }: Host,
  request: MapRequest | FileRequest,
  start: bigint,
  mapper: Mapper<MapRequest>,
  address: bigint,
  byteLength: bigint,
): void {
  const length = Number(request.byteLength);
  try {
    if (isOfFile(request)) {
      const refusal = request.isNamed ? backingRefusal(os, start, length) : undefined;
      if (refusal !== undefined) throw mapError(os, request, refusal);
      // A page that cannot be read now is read when it is used.
      const failure = os.residency.populate(start, request.byteLength, false);
      if (failure === "unsupported") loadPages(os, start, length);
    } else touchPages(runtime, os.pageSize, start, length);
  } catch (error) {
    throw undoMap(mapper, address, byteLength, error);
  }
}

/** The calls that map this kind of memory. */
function requestMapper(os: Os, request: MapRequest): {
  readonly mapper: Mapper<MapRequest>;
  readonly populates: boolean;
} {
  if (request.kind === "mirror") {
    return { mapper: os.mirrors as Mapper<MapRequest>, populates: os.populates };
  }
  return isOfFile(request)
    ? { mapper: os.files as Mapper<MapRequest>, populates: os.files.populates(request) }
    : { mapper: os, populates: os.populates };
}

/**
 * Maps once, at the address of a strict hint or not at all. Returns the address. If it throws,
 * nothing stays mapped. In messages, addresses are `below` bytes higher, for the guard below the
 * memory.
 */
export function mapOnce(
  os: Os,
  mapper: Mapper<MapRequest>,
  request: MapRequest,
  below: bigint = 0n,
): bigint {
  const owner = request.hint === 0n ? undefined : ownerOf(os, request.hint, request.byteLength);
  if (owner !== undefined) {
    if (!request.strict) return mapOnce(os, mapper, { ...request, hint: 0n });
    throw strictHintError(request.hint + below, request.byteLength, owner, undefined);
  }
  const result = mapper.map(request);
  if (!request.strict) {
    if (typeof result === "bigint") return result;
    throw mapError(os, request, result);
  }
  const { hint, byteLength } = request;
  if (result === hint) return result;
  const wanted = hint + below;
  if (typeof result === "bigint") {
    // Some systems ignore hints, as does Linux without MAP_FIXED_NOREPLACE (before 4.17, in some
    // sandboxes).
    const error = strictHintError(wanted, byteLength, undefined, result + below);
    throw undoMap(mapper, result, byteLength, error);
  }
  // Most codes do not distinguish a bad address from too little memory. The same request without
  // the address does.
  if (result.code === "EEXIST") {
    throw strictHintError(wanted, byteLength, result, undefined);
  }
  const elsewhere = mapper.map({
    ...request,
    hint: 0n,
    strict: false,
    populate: false,
  });
  if (typeof elsewhere !== "bigint") throw mapError(os, request, result);
  const error = strictHintError(wanted, byteLength, result, elsewhere + below);
  throw undoMap(mapper, elsewhere, byteLength, error);
}

/** The reason why nothing may be mapped in a range, although it is free. */
function ownerOf(os: Os, address: bigint, byteLength: bigint): string | undefined {
  if (os.growsInto?.(address, byteLength)) return "the stack or heap of the process grows into it";
  return overlapsRoot(os, address, byteLength)
    ? "it is kept for the table of shared memory"
    : undefined;
}

/** The meaning of error codes of calls that map, and advice. */
const MAP_ADVICE: Readonly<Record<string, string>> = {
  EAGAIN: "the limit of locked memory is reached: raise it, or map less",
  EINVAL: "the system does not accept this address or length",
  EPERM: "the system reserves this address, or forbids the call",
};
/** The meaning of error codes of calls that map a file, and advice. */
const FILE_ADVICE: Readonly<Record<string, string>> = {
  EINVAL: "its file system does not support such a mapping: read the file, or map a copy",
  ENODEV: "its file system supports no mappings (such as sysfs) or no shared ones (such as FUSE " +
    "with direct I/O, where map() may work): read the file, or map a copy",
  EPERM: "its file system is mounted noexec, the file is sealed, or the system forbids the call",
};

/** The error for memory that the system did not map. */
export function mapError(os: Os, request: MapRequest, failure: AdvisedFailure): MmapError {
  const isFile = isOfFile(request);
  const { code } = failure;
  const isReserved = os.reserves && !isFile && !request.noReserve && request.protection !== "none";
  const advice = own<AdvisedFailure, "advice">(failure, "advice") ??
    (isFile ? own(FILE_ADVICE, code) : undefined) ?? own(MAP_ADVICE, code) ??
    (code === "ENOMEM" && isReserved ? `${SHORTAGE}, or use noReserve()` : undefined);
  return systemError(describeRequest(request), failure, undefined, advice);
}

/** Describes a request for a message. */
function describeRequest(request: MapRequest): string {
  const { hint, byteLength } = request;
  return `to map ${byteLength} bytes` + (isOfFile(request) ? ` of ${request.name}` : "") +
    (hint === 0n ? "" : ` at ${hex(hint)}`);
}

/** Unmaps. Returns the error to throw: `reason`, or an error that the system refused to unmap. */
export function undoMap(
  mapper: Mapper<MapRequest>,
  address: bigint,
  byteLength: bigint,
  reason: unknown,
): unknown {
  const failure = unmapStray(mapper, address, byteLength);
  return failure === undefined ? reason : unmapError({ address, byteLength }, failure, reason);
}
