/**
 * Mapping where more is asked of the addresses than a hint: that they are
 * aligned, that inaccessible pages lie around them, or that pages are huge.
 *
 * @module
 */
import type { Host } from "../../ffi/host.ts";
import { type FileRequest, isOfFile } from "../../ffi/os/contract/files.ts";
import type { Failure, Mapper, MapRequest } from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import { hex, MmapError, unmapError } from "../checks/errors.ts";
import type { GuardLayout } from "../lifetime/allocation.ts";
import { unmapStray } from "../lifetime/release.ts";
import { anonymousRequest } from "../lifetime/requests.ts";
import { roundUp } from "../checks/rounding.ts";
import { checkMemory, mapError, mapOnce, populate, undoMap, withRoom } from "./placement.ts";
import type { MmapSettings } from "../checks/settings.ts";

/** Where memory is to lie. */
export interface Layout extends GuardLayout {
  /** What its address is a multiple of; `0n` where nothing was asked. */
  readonly align: bigint;
}

/** How often a place is looked for that another thread can take first. */
const ATTEMPTS = 8;

/** Makes the layout that options ask for; `undefined` where they ask for none. Throws where it is impossible. */
export function layoutOf(
  os: Os,
  { align, guard, huge }: MmapSettings,
  { byteLength, hint, strict }: MapRequest,
): Layout | undefined {
  if (align === 0 && guard === 0 && huge === false) return undefined;
  const { allocationGranularity, pageSize } = os;
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
        `A strict hint must be a multiple of the alignment, ${unit} bytes: ${hex(hint)} is not`,
      );
    }
    if (hint <= below) {
      throw new RangeError(
        `The strict hint ${hex(hint)} leaves no room for the ${below} bytes of the guard below it`,
      );
    }
  }
  return {
    align: BigInt(align),
    below,
    byteLength: roundUp(byteLength, BigInt(hugePage ?? pageSize)),
    above: roundUp(BigInt(guard), BigInt(pageSize)),
    hugePage,
  };
}

/** What the handle has to know of it. */
export function layoutInfo(layout: Layout): {
  readonly exactByteLength: bigint;
  readonly guardByteLength: number;
  readonly layout: GuardLayout | undefined;
} {
  const { below, hugePage } = layout;
  return {
    exactByteLength: exactByteLength(layout),
    guardByteLength: Number(below),
    // What is merely aligned is like any other.
    layout: below === 0n && hugePage === undefined ? undefined : layout,
  };
}

/** How long the allocation is. */
function exactByteLength({ below, byteLength, above }: Layout): bigint {
  return below + byteLength + above;
}

/** Maps so; returns the address of the allocation. Throws, and leaves nothing mapped, if that fails. */
export function mapWithLayout(
  host: Host,
  request: MapRequest | FileRequest,
  layout: Layout,
): bigint {
  const { below } = layout;
  const hint = request.hint > below ? request.hint - below : 0n;
  const isStaged = below !== 0n || (host.os.unmapsNeighbours && layout.hugePage === undefined);
  // Windows maps no byte past the end of a file, not even those of its last page.
  const isExact = isOfFile(request) && !isStaged;
  const byteLength = isExact ? request.byteLength : exactByteLength(layout);
  const outer = { ...request, hint, byteLength };
  if (layout.hugePage === undefined) checkMemory(host.os, outer); // those are counted on their own
  return withRoom(
    host.os,
    outer,
    () => isStaged ? mapInStages(host, request, outer, layout) : mapAtOnce(host, outer, layout),
  );
}

/** Maps memory where a place for it was found. */
function mapAtOnce(host: Host, outer: MapRequest | FileRequest, layout: Layout): bigint {
  const { os } = host;
  const { hugePage } = layout;
  if (hugePage !== undefined) return mapAligned(os, os.huge!.mapper(hugePage)!, outer, layout);
  const mapper = (isOfFile(outer) ? os.files : os) as Mapper<MapRequest>;
  const address = mapAligned(os, mapper, outer, layout);
  return populated(host, outer, address, address, mapper, outer.byteLength);
}

/** Takes addresses first, of which then a part becomes memory. */
function mapInStages(
  host: Host,
  request: MapRequest | FileRequest,
  { hint, byteLength, strict, noReserve, stack }: MapRequest,
  layout: Layout,
): bigint {
  const { os } = host;
  if (isOfFile(request) && os.files.mapOver === undefined) {
    throw new MmapError(
      "This system has no guard pages around memory of a file: drop guard()",
      { code: "ENOTSUP" },
    );
  }
  const fields = { hint, strict, noReserve, stack, protection: "none" } as const;
  const addresses = anonymousRequest(byteLength, fields);
  const address = os.unmapsNeighbours && layout.align !== 0n && !strict
    ? mapAndTrim(os, addresses, layout)
    : mapAligned(os, os, addresses, layout);
  const start = address + layout.below;
  const failure = makeMemory(os, { ...request, hint: start, strict: false }, layout.byteLength);
  if (failure !== undefined) {
    throw undoMap(os, address, byteLength, mapError(os, request, failure));
  }
  return populated(host, request, start, address, os, byteLength);
}

/** Populates what is memory, and returns the address of the allocation. */
function populated(
  host: Host,
  request: MapRequest | FileRequest,
  start: bigint,
  address: bigint,
  mapper: Mapper<MapRequest>,
  byteLength: bigint,
): bigint {
  const isDone = isOfFile(request) && host.os.files.populates(request);
  if (request.populate && !isDone) populate(host, request, start, mapper, address, byteLength);
  return address;
}

/** Makes memory of addresses that are the library's own, from the hint on. */
function makeMemory(
  os: Os,
  request: MapRequest | FileRequest,
  byteLength: bigint,
): Failure | undefined {
  if (isOfFile(request)) return os.files.mapOver!(request);
  const { hint, protection } = request;
  return protection === "none" ? undefined : os.protect(hint, byteLength, protection);
}

/** Maps more, and unmaps what is too much. */
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

/** Maps at an aligned address, which the system is not asked to find where any will do. */
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
    `Other threads took ${ATTEMPTS} places of ${request.byteLength} bytes that are aligned to ` +
      `${align}: try again`,
    { code: "EAGAIN" },
  );
}

/** Finds addresses that are free, and so many that aligned ones are among them. */
function findPlace(os: Os, request: MapRequest, align: bigint, useHint: boolean): bigint {
  const byteLength = request.byteLength + align;
  const hint = useHint ? request.hint : 0n;
  const fields = { hint, noReserve: true, protection: "none" } as const;
  const address = mapOnce(os, os, anonymousRequest(byteLength, fields));
  const failure = unmapStray(os, address, byteLength);
  if (failure === undefined) return address;
  throw unmapError({ address, byteLength }, failure);
}

/** The first address from `start` on above whose guard the memory is aligned. */
function aligned(start: bigint, { align, below }: Pick<Layout, "align" | "below">): bigint {
  return roundUp(start + below, align) - below;
}

function hugePageOf({ huge }: Os, asked: number | true): number {
  const pageByteLength = asked === true ? huge?.pageByteLength ?? 0 : asked;
  if (pageByteLength !== 0 && huge?.mapper(pageByteLength) !== undefined) return pageByteLength;
  throw new MmapError(
    "This system has no huge pages to ask for" +
      (asked === true ? "" : ` that are ${asked} bytes long`) + ": drop huge()",
    { code: "ENOTSUP" },
  );
}
