/**
 * Requests for anonymous memory.
 *
 * @module
 */
import type { MapRequest } from "../../ffi/os/contract/memory.ts";
import type { MmapSettings } from "../checks/settings.ts";

/** A request for readable and writable memory at any address, except for `fields`. */
export function anonymousRequest(
  byteLength: bigint,
  fields: Partial<Omit<MapRequest, "kind" | "byteLength">> = {},
): MapRequest {
  return {
    kind: "memory",
    byteLength,
    hint: 0n,
    protection: "read-write",
    populate: false,
    noReserve: false,
    strict: false,
    stack: false,
    ...fields,
  };
}

/** The request for readable and writable memory with these settings. */
export function requestOf(settings: MmapSettings): MapRequest {
  const { len, hint, populate, noReserve, strict, stack } = settings;
  const isStrict = strict && hint !== 0n;
  return anonymousRequest(BigInt(len), { hint, populate, noReserve, strict: isStrict, stack });
}
