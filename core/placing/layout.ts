/**
 * Mapping with a layout: alignment, guard pages or huge pages.
 *
 * @module
 */
import type { Host } from "../../ffi/host.ts";
import { type FileRequest, isOfFile } from "../../ffi/os/contract/files.ts";
import type { Failure, Mapper, MapRequest } from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import { hex, MmapError, unmapError } from "../checks/errors.ts";
import { roundUp } from "../../ffi/bigints.ts";
import type { MmapSettings } from "../checks/settings.ts";
import type { GuardLayout } from "../lifetime/allocation.ts";
import { unmapStray } from "../lifetime/release.ts";
import { anonymousRequest } from "../lifetime/requests.ts";
import { checkMemory, mapError, mapOnce, populate, undoMap, withRoom } from "./placement.ts";

/** The layout of an allocation. */
export interface Layout extends GuardLayout {
  /** The alignment of the memory's address; `0n` for any page. */
  readonly align: bigint;
}

/** The number of attempts to map at a free place before another thread does. */
const ATTEMPTS = 8;

/** The layout that options ask for; `undefined` for none. Throws if it is impossible. */
export function layoutOf(
  os: Os,
  { align, guard, huge, capacity, offset }: MmapSettings,
  { byteLength, hint, strict }: MapRequest,
): Layout | undefined {
  if (align === 0 && guard === 0 && huge === false && capacity === 0) return undefined;
  const { allocationGranularity, pageSize } = os;
  const isGrowable = capacity !== 0;
  const longest = isGrowable ? BigInt(offset % allocationGranularity + capacity) : byteLength;
  if (longest < byteLength) {
    throw new RangeError(
      `The capacity must be at least the length, ${
        BigInt(capacity) + byteLength - longest
      } bytes, got ${capacity}`,
    );
  }
  if (align !== 0 && align < allocationGranularity) {
    throw new RangeError(
      `The alignment must be at least the allocation granularity, ${allocationGranularity} bytes, ` +
        `got ${align}`,
    );
  }
  const hugePage = huge === false ? undefined : hugePageOf(os, huge as number | true);
  const below = roundUp(BigInt(guard), BigInt(allocationGranularity));
  if (strict) {
    const unit = BigInt(Math.max(align, hugePage ?? 0));
    if (unit !== 0n && hint % unit !== 0n) {
      throw new RangeError(
        `A strict hint must be a multiple of the alignment, ${unit} bytes, got ${hex(hint)}`,
      );
    }
    if (hint <= below) {
      throw new RangeError(
        `The strict hint ${hex(hint)} leaves no room for the guard of ${below} bytes below it`,
      );
    }
  }
  return {
    align: BigInt(align),
    below,
    byteLength: roundUp(longest, BigInt(hugePage ?? pageSize)),
    above: roundUp(BigInt(guard), BigInt(pageSize)),
    hugePage,
    isGrowable,
  };
}

/** Returns the properties of a {@linkcode MappingPlan} that depend on a layout. */
export function layoutInfo(layout: Layout): {
  readonly exactByteLength: bigint;
  readonly guardByteLength: number;
  readonly layout: GuardLayout | undefined;
} {
  const { below, hugePage, isGrowable } = layout;
  const isPlain = below === 0n && hugePage === undefined && !isGrowable;
  return {
    exactByteLength: exactByteLength(layout),
    guardByteLength: Number(below),
    // Aligned memory without guards needs no layout.
    layout: isPlain ? undefined : layout,
  };
}

/** The length of the allocation. */
function exactByteLength({ below, byteLength, above }: Layout): bigint {
  return below + byteLength + above;
}

/** Maps with a layout. Returns the address of the allocation. If it throws, nothing stays mapped. */
export function mapWithLayout(
  host: Host,
  request: MapRequest | FileRequest,
  layout: Layout,
): bigint {
  const { below, isGrowable } = layout;
  const hint = request.hint > below ? request.hint - below : 0n;
  const isStaged = below !== 0n || isGrowable ||
    (host.os.unmapsNeighbours && layout.hugePage === undefined);
  // Windows maps no byte past the end of a file, not even those of its last page.
  const isExact = isOfFile(request) && !isStaged;
  const byteLength = isExact ? request.byteLength : exactByteLength(layout);
  const outer = { ...request, hint, byteLength };
  if (layout.hugePage === undefined) checkMemory(host.os, request); // the system counts huge pages
  return withRoom(
    host.os,
    outer,
    () => isStaged ? mapInStages(host, request, outer, layout) : mapAtOnce(host, outer, layout),
  );
}

/** Maps memory by one call. */
function mapAtOnce(host: Host, outer: MapRequest | FileRequest, layout: Layout): bigint {
  const { os } = host;
  const { hugePage } = layout;
  if (hugePage !== undefined) return mapAligned(os, os.huge!.mapper(hugePage)!, outer, layout);
  const mapper = (isOfFile(outer) ? os.files : os) as Mapper<MapRequest>;
  const address = mapAligned(os, mapper, outer, layout);
  return populated(host, outer, address, address, mapper, outer.byteLength, false);
}

/** Reserves addresses, and then maps memory between the guards. */
function mapInStages(
  host: Host,
  request: MapRequest | FileRequest,
  { hint, byteLength, strict, noReserve, stack }: MapRequest,
  layout: Layout,
): bigint {
  const { os } = host;
  const mapper = (isOfFile(request) ? os.files.pieces : undefined) ?? os;
  const fields = { hint, strict, noReserve, stack, protection: "none" } as const;
  const addresses = anonymousRequest(byteLength, fields);
  const address = os.unmapsNeighbours && layout.align !== 0n && !strict
    ? mapAndTrim(os, addresses, layout)
    : mapAligned(os, mapper, addresses, layout);
  const start = address + layout.below;
  const failure = makeMemory(os, { ...request, hint: start, strict: false }, layout);
  if (failure !== undefined) {
    throw undoMap(mapper, address, byteLength, mapError(os, request, failure));
  }
  return populated(host, request, start, address, mapper, byteLength, layout.isGrowable);
}

/** Populates the memory, if requested. Returns the address of the allocation. */
function populated(
  host: Host,
  request: MapRequest | FileRequest,
  start: bigint,
  address: bigint,
  mapper: Mapper<MapRequest>,
  byteLength: bigint,
  isGrowable: boolean,
): bigint {
  const isDone = isOfFile(request) && !isGrowable && host.os.files.populates(request);
  if (request.populate && !isDone) populate(host, request, start, mapper, address, byteLength);
  return address;
}

/**
 * Maps memory over reserved addresses, from the hint on. A file that can grow is mapped for the
 * whole capacity, inaccessible behind the length.
 */
function makeMemory(
  os: Os,
  request: MapRequest | FileRequest,
  layout: Layout,
): Failure | undefined {
  const { hint, protection } = request;
  const byteLength = roundUp(request.byteLength, BigInt(os.pageSize));
  if (!isOfFile(request)) {
    return protection === "none" ? undefined : os.protect(hint, byteLength, protection);
  }
  const { files } = os;
  if (files.pieces !== undefined) return files.pieces.fill(request);
  if (!layout.isGrowable) return files.mapOver!(request);
  const whole = { ...request, byteLength: layout.byteLength, protection: "none" } as const;
  return files.mapOver!({ ...whole, populate: false }) ??
    files.protect(hint, byteLength, protection);
}

/** Maps more than needed, and unmaps the excess. */
function mapAndTrim(os: Os, request: MapRequest, { align, below }: Layout): bigint {
  const { byteLength } = request;
  let start = mapOnce(os, os, {
    ...request,
    byteLength: byteLength + align - BigInt(os.allocationGranularity),
  });
  const end = start + byteLength + align - BigInt(os.allocationGranularity);
  const address = aligned(start, { align, below });
  for (const { 0: from, 1: to } of [[start, address], [address + byteLength, end]] as const) {
    if (from === to) continue;
    const failure = os.unmap(from, to - from);
    if (failure !== undefined) {
      const error = unmapError({ address: from, byteLength: to - from }, failure);
      throw undoMap(os, start, end - start, error);
    }
    start = address;
  }
  return address;
}

/** Maps at an aligned address, or at any address without an alignment. */
function mapAligned(
  os: Os,
  mapper: Mapper<MapRequest>,
  request: MapRequest,
  { align, below }: Layout,
): bigint {
  if (align === 0n || request.strict) return mapOnce(os, mapper, request, below);
  let failure: Failure | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const wanted = aligned(findPlace(os, request, align, attempt === 0), { align, below });
    const result = mapper.map({ ...request, hint: wanted, strict: true });
    if (result === wanted) return result;
    if (typeof result === "bigint") {
      failure = unmapStray(mapper, result, request.byteLength);
      if (failure !== undefined) break;
    } else {
      failure = result;
      if (failure.code === "ENOMEM") break;
    }
  }
  if (failure !== undefined) throw mapError(os, request, failure);
  throw new MmapError(
    `Other threads took ${ATTEMPTS} places for ${request.byteLength} bytes aligned to ${align}: ` +
      "try again",
    { code: "EAGAIN" },
  );
}

/** Finds a free range that is long enough to contain an aligned one. */
function findPlace(os: Os, request: MapRequest, align: bigint, useHint: boolean): bigint {
  const byteLength = request.byteLength + align;
  const hint = useHint ? request.hint : 0n;
  const fields = { hint, noReserve: true, protection: "none" } as const;
  const address = mapOnce(os, os, anonymousRequest(byteLength, fields));
  const failure = unmapStray(os, address, byteLength);
  if (failure === undefined) return address;
  throw unmapError({ address, byteLength }, failure);
}

/** The first address from `start` on at which the memory, above the guard, is aligned. */
function aligned(start: bigint, { align, below }: Pick<Layout, "align" | "below">): bigint {
  return roundUp(start + below, align) - below;
}

function hugePageOf({ huge }: Os, requested: number | true): number {
  const pageByteLength = requested === true ? huge?.pageByteLength ?? 0 : requested;
  if (pageByteLength !== 0 && huge?.mapper(pageByteLength) !== undefined) return pageByteLength;
  throw new MmapError(
    `This system has no huge pages${
      requested === true ? "" : ` of ${requested} bytes`
    }: drop huge()`,
    { code: "ENOTSUP" },
  );
}
