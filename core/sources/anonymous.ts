/**
 * Anonymous memory: readable and writable, merely reserved, or mapped twice in a row.
 *
 * @module
 */
import { type Host, host } from "../../ffi/host.ts";
import type { MapRequest } from "../../ffi/os/contract/memory.ts";
import { rangeInAddressSpace } from "../checks/arguments.ts";
import { checkStack } from "../checks/call_stack.ts";
import { LEN, type MmapSettings } from "../checks/settings.ts";
import { checkSupported } from "../checks/unsupported_settings.ts";
import { type MappingPlan, plainPlan } from "../lifetime/mapping_plan.ts";
import { adopt, type Mmap } from "../mmap.ts";
import { layoutInfo, layoutOf, mapWithLayout } from "../placing/layout.ts";
import { enginePlace, NEW_MEMORY } from "./into.ts";
import { checkStrictHint, mappingOf, mapWithRoom } from "../placing/placement.ts";

/** Plans memory of `mapAnon()` or `reserve()`. One plan serves for many mappings. */
export function planAnonymous(
  settings: MmapSettings,
  request: MapRequest,
  call: "mapAnon" | "reserve",
): MappingPlan {
  const system = checkedHost(settings, request, call);
  const protection = call === "reserve" ? "none" : "read-write";
  const wanted = { ...request, protection } as const;
  const layout = layoutOf(system.os, settings, wanted);
  const map = layout === undefined
    ? mappingOf(system, wanted)
    : () => mapWithLayout(system, wanted, layout);
  const plain = plainPlan(map, settings.len, request.byteLength, protection);
  const { noReserve } = request;
  return layout || noReserve ? { ...plain, noReserve, ...(layout && layoutInfo(layout)) } : plain;
}

/** Makes a shared buffer: the engine maps its memory. */
export function mapSharedBuffer(settings: MmapSettings, request: MapRequest): Mmap {
  const system = checkedHost(settings, request, "mapAnon");
  const { len, noReserve } = settings;
  const { engine } = enginePlace(system, NEW_MEMORY, 0, len);
  const plan = plainPlan(() => engine.address, len, request.byteLength, "read-write");
  return mapAnonymous({ ...plan, noReserve, engine }, settings);
}

/** Maps planned memory, and labels it. */
export function mapAnonymous(
  plan: MappingPlan,
  { name, len, capacity }: MmapSettings,
): Mmap {
  const mmap = adopt(plan);
  if (name !== undefined) {
    host().os.name?.(mmap.address, BigInt(Math.max(len, capacity)), name);
  }
  return mmap;
}

/** Maps memory twice in a row. */
export function mapMirrored(settings: MmapSettings, request: MapRequest): Mmap {
  const { len, hint } = settings;
  const system = checkedHost(settings, request, "mapMirrored");
  checkMirrored(len, system.os.allocationGranularity);
  rangeInAddressSpace(hint, 2 * len);
  const byteLength = BigInt(2 * len);
  const map = () => {
    checkStack(); // memory of one of the steps must not be lost
    return mapWithRoom(system, { ...request, kind: "mirror", byteLength });
  };
  return adopt({ ...plainPlan(map, 2 * len, byteLength, "read-write"), source: "mirror" });
}

/** Checks what all anonymous memory requires. */
function checkedHost(
  settings: MmapSettings,
  { hint, strict }: MapRequest,
  call: "mapAnon" | "reserve" | "mapMirrored",
): Host {
  checkSupported(settings, call, settings.sharedBuffer);
  if (settings.len === 0) throw new RangeError(`${LEN} must be greater than 0: set len()`);
  const system = host();
  if (strict) checkStrictHint(hint, system.os.allocationGranularity);
  return system;
}

/** Refuses a length that cannot be mapped twice in a row without a gap. */
function checkMirrored(len: number, granularity: number): void {
  const excess = len % granularity;
  if (excess !== 0) {
    const below = len - excess;
    throw new RangeError(
      "The length of mapMirrored() must be a multiple of the allocation granularity, " +
        `${granularity} bytes: ${len} lies between ${below} and ${below + granularity}`,
    );
  }
  if (!Number.isSafeInteger(2 * len)) {
    throw new RangeError(`The length of mapMirrored() must be at most 2^52 - 1, got ${len}`);
  }
}
