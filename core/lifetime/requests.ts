/**
 * Requests for anonymous memory.
 *
 * @module
 */
import type { MapRequest } from "../../ffi/os/contract/memory.ts";

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
