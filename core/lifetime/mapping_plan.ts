/**
 * Plans of mappings, which become their handles.
 *
 * @module
 */
import type { Backing, GuardLayout, Share } from "./allocation.ts";
import type { EngineMemory } from "./engine_memory.ts";
import type { Access, MappingInfo } from "./mapping_info.ts";

/** A mapping that is still to be made. */
export interface MappingPlan extends MappingInfo {
  /** Maps the memory. Returns the address of the allocation. */
  readonly map: () => bigint;
  /** The length of the allocation in bytes, with guards. */
  readonly exactByteLength: bigint;
  /** Set for memory of a file. */
  readonly backing: Backing | undefined;
  /** Set for memory with guard pages, of huge pages, or with a capacity. */
  readonly layout: GuardLayout | undefined;
  /** Set for memory that is shared: this handle's part. */
  readonly share: Share | undefined;
  /** The memory of the engine that it is mapped into. */
  readonly engine: EngineMemory | undefined;
}

/** Plans plain anonymous memory. Other kinds of memory replace some of the fields. */
export function plainPlan(
  map: () => bigint,
  byteLength: number,
  exactByteLength: bigint,
  access: Access,
): MappingPlan {
  return {
    map,
    byteLength,
    exactByteLength,
    access,
    source: "memory",
    guardByteLength: 0,
    pageOffset: 0,
    isGuarded: false,
    noReserve: false,
    isReserved: access === "none",
    backing: undefined,
    layout: undefined,
    share: undefined,
    engine: undefined,
  };
}
