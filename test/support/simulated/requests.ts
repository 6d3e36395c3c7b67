/**
 * Requests for mappings.
 *
 * @module
 */
import type { FileRequest } from "../../../ffi/os/contract/files.ts";
import type { MapRequest } from "../../../ffi/os/contract/memory.ts";

/** An address that no processor has. */
export const HINT: bigint = 2n ** 61n;

/** A request without options, for `change` to differ from. */
export function request(change: Partial<MapRequest> = {}): MapRequest {
  return {
    kind: "memory",
    hint: 0n,
    byteLength: 4096n,
    populate: false,
    noReserve: false,
    strict: false,
    protection: "read-write",
    stack: false,
    ...change,
  };
}

/** A request for two pages of a file, for `change` to differ from. */
export function fileRequest(change: Partial<FileRequest> = {}): FileRequest {
  const isShared = (change.protection ?? "read-write") === "read-write";
  return {
    ...request({ byteLength: 8192n }),
    kind: "file",
    file: 7,
    name: "the file",
    isNamed: false,
    isShared,
    offset: 0n,
    ...change,
  };
}
