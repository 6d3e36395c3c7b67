/**
 * Loads and stores that make the system back pages, or read them from a file.
 *
 * @module
 */
import type { Failure } from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import type { Runtime } from "../../ffi/runtime/runtime.ts";
import { detach } from "../checks/buffers.ts";

/** The longest view of memory, in bytes: Bun counts the length of a view as its heap. */
const PIECE_BYTE_LENGTH = 64 * 2 ** 20;

/** Calls `use` with a view of each piece of a range, and its start in the range. */
export function forEachPiece(
  runtime: Runtime,
  address: bigint,
  byteLength: number,
  use: (bytes: Uint8Array<ArrayBuffer>, start: number) => void,
): void {
  for (let start = 0; start < byteLength; start += PIECE_BYTE_LENGTH) {
    const length = Math.min(PIECE_BYTE_LENGTH, byteLength - start);
    const bytes = new Uint8Array(runtime.view(address + BigInt(start), length));
    try {
      use(bytes, start);
    } finally {
      detach(bytes.buffer);
    }
  }
}

/** Stores one byte in each page of zeroed memory, so that the system backs it. */
export function touchPages(
  runtime: Runtime,
  pageSize: number,
  address: bigint,
  byteLength: number,
): void {
  forEachPiece(runtime, address, byteLength, (bytes) => {
    for (let offset = 0; offset < bytes.byteLength; offset += pageSize) bytes[offset] = 0;
  });
}

/** Loads one byte of each page of a file, so that the system reads the page. Returns the first failure. */
export function loadPages(os: Os, address: bigint, byteLength: number): Failure | undefined {
  const byte = new Uint8Array(1);
  let first: Failure | undefined;
  for (let start = 0; start < byteLength; start += os.pageSize) {
    const failure = os.copying.read(address + BigInt(start), byte, true);
    first ??= failure;
  }
  return first;
}
