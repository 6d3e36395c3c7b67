/**
 * Mapping: where it lands, which is the verdict on strict hints, and what is
 * undone when it fails.
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
import { overlapsRoot } from "../lifetime/root.ts";
import {
  hex,
  MmapError,
  SHORTAGE,
  strictHintError,
  systemError,
  unmapError,
} from "../checks/errors.ts";
import { plainAllocation } from "../lifetime/allocation.ts";
import { heldRanges } from "../lifetime/held_account.ts";
import { releaseHeldRanges, releaseHeldRangesIn } from "../lifetime/held_ranges.ts";
import { release, unmapStray } from "../lifetime/release.ts";
import { anonymousRequest } from "../lifetime/requests.ts";
import { loadPages, touchPages } from "../pages/touch.ts";
import { backingRefusal, leaveRoom, memoryRefusal } from "../lifetime/room.ts";

/** A request for memory of any kind. */
type AnyRequest = MapRequest | FileRequest | MirrorRequest;

/** Refuses a strict hint that no mapping can start at. */
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
 * What maps and, where the system does not, populates, {@linkcode withRoom}: it can be
 * called again. Throws, and leaves nothing mapped, if that fails.
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

/** Refuses to populate what there is no memory for. That of a file can be read again, and is taken back. */
export function checkMemory(os: Os, request: AnyRequest): void {
  if (!request.populate || isOfFile(request)) return;
  const mapped = Number(request.byteLength);
  const failure = memoryRefusal(os, request.kind === "mirror" ? mapped / 2 : mapped);
  if (failure !== undefined) throw mapError(os, request, failure);
}

/** Maps as {@linkcode mappingOf} tells. */
export function mapWithRoom(host: Host, request: AnyRequest): bigint {
  return mappingOf(host, request)();
}

/**
 * Maps. Where held ranges can be what is in the way, it releases them and tries
 * once more.
 */
export function withRoom(os: Os, request: MapRequest, map: () => bigint): bigint {
  leaveRoom(os, Number(request.byteLength));
  try {
    return map();
  } catch (error) {
    if (!(error instanceof MmapError) || !makeRoom(os, request, error.code)) throw error;
    return map();
  }
}

/** Releases the held ranges that a strict hint lies on, or all where there is too little room; tells whether it did. */
function makeRoom(os: Os, request: MapRequest, code: string): boolean {
  if (code === "EADDRNOTAVAIL") return releaseHeldRangesIn(request.hint, request.byteLength);
  if (code !== "ENOMEM") return false;
  // A request that is hopeless must not cost calls in flight their ranges: it
  // is one where what the held ranges lack of it does not fit, but a page does.
  const lacking = request.byteLength - BigInt(heldRanges().byteLength);
  const isHopeless = lacking > 0n && !probeMap(os, request, lacking) && probeMap(os, request, 1n);
  return !isHopeless && releaseHeldRanges();
}

/** Whether so many bytes could be mapped. */
function probeMap(os: Os, request: MapRequest, byteLength: bigint): boolean {
  const { noReserve } = request;
  // A file takes no memory but addresses, and a mirror half its length.
  const protection = request.kind === "memory" ? request.protection : "none";
  const address = os.map(anonymousRequest(byteLength, { noReserve, protection }));
  if (typeof address !== "bigint") return false;
  release([plainAllocation(address, byteLength)]);
  return true;
}

/**
 * Backs every page from `start` on with memory. Where that throws, it unmaps
 * the whole allocation, of `byteLength` bytes at `address`.
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
      // What cannot be read now is when it is used.
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
 * Maps, and returns the address: the hint exactly, where it is strict.
 * Otherwise throws, and leaves nothing mapped. The caller's own hint is `below`
 * bytes higher.
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
    // A system that can only be asked, or a kernel that does not know
    // MAP_FIXED_NOREPLACE (Linux before 4.17, some sandboxes).
    const error = strictHintError(wanted, byteLength, undefined, result + below);
    throw undoMap(mapper, result, byteLength, error);
  }
  // Most codes do not tell a bad place from too little memory. The same
  // request without the place does.
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

/** Whose a range is in which nothing may be mapped yet. */
function ownerOf(os: Os, address: bigint, byteLength: bigint): string | undefined {
  if (os.growsInto?.(address, byteLength)) return "the process's own stack or heap grows into it";
  return overlapsRoot(os, address, byteLength)
    ? "threads look there for what they share"
    : undefined;
}

/** What errors mean of a call that maps. */
const MAP_ADVICE: Readonly<Record<string, string>> = {
  EAGAIN: "the limit of locked memory is reached: raise it, or map less",
  EINVAL: "the system does not take this address or length",
  EPERM: "the system reserves this address, or forbids the call",
};
/** What they mean of one that maps a file. */
const FILE_ADVICE: Readonly<Record<string, string>> = {
  EINVAL: "its file system does not let it be mapped so: read it, or map a copy",
  ENODEV: "its file system lets no file be mapped, as sysfs, or none be shared, as FUSE with " +
    "direct I/O, where map() can work: read it, or map a copy",
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

/** Words a request for a message. */
function describeRequest(request: MapRequest): string {
  const { hint, byteLength } = request;
  return `to map ${byteLength} bytes` + (isOfFile(request) ? ` of ${request.name}` : "") +
    (hint === 0n ? "" : ` at ${hex(hint)}`);
}

/** Unmaps what is not to stay, and returns the error to throw: `reason`, or that unmapping was refused too. */
export function undoMap(
  mapper: Mapper<MapRequest>,
  address: bigint,
  byteLength: bigint,
  reason: unknown,
): unknown {
  const failure = unmapStray(mapper, address, byteLength);
  return failure === undefined ? reason : unmapError({ address, byteLength }, failure, reason);
}
