/**
 * Memory that is still mapped and files that are still open: counted at the library's calls
 * of C, because `/proc` can be missing, and has what is the runtime's too.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import type { SymbolTable } from "../../ffi/symbols.ts";

interface Range {
  readonly start: bigint;
  readonly end: bigint;
}

type Call = (...args: never[]) => unknown;

const FAILED = 0xffff_ffff_ffff_ffffn;
const MREMAP_DONTUNMAP = 4;
/** Ranges are of whole pages; those of 64 KiB are whole pages everywhere. */
const PAGE = 4096n;

let ranges: readonly Range[] = [];
const descriptors: Set<number> = new Set();

/** Counts of resources. */
export interface Tracked {
  readonly mappedByteLength: number;
  readonly descriptors: number;
}

/** The present counts. */
export function tracked(): Tracked {
  const mappedByteLength = ranges.reduce((sum, { start, end }) => sum + Number(end - start), 0);
  return { mappedByteLength, descriptors: descriptors.size };
}

/** Tracks all calls from now on: before the library opens any. */
export function track(): void {
  const runtime = currentRuntime();
  const { open } = runtime;
  Object.assign(runtime, {
    open(library: string, table: SymbolTable) {
      const functions = open(library, table) as Record<string, Call>;
      return Object.fromEntries(
        Object.entries(functions).map(([name, call]) => [name, noting(name, call)]),
      );
    },
  });
}

function noting(name: string, call: Call): Call {
  const note = NOTES[name];
  if (note === undefined) return call;
  return (...args) => {
    const result = call(...args);
    note(result as never, ...args);
    return result;
  };
}

/** Notes a call: its result, and its arguments. */
const NOTES: Readonly<Record<string, (result: never, ...args: never[]) => void>> = {
  mmap(result: bigint, _hint: bigint, byteLength: bigint) {
    if (result !== FAILED) add(result, byteLength);
  },
  munmap(result: number, address: bigint, byteLength: bigint) {
    if (result === 0) remove(address, byteLength);
  },
  mremap(result: bigint, address: bigint, byteLength: bigint, length: bigint, flags: number) {
    if (result === FAILED) return;
    if ((flags & MREMAP_DONTUNMAP) === 0) remove(address, byteLength);
    add(result, length);
  },
  open: opened,
  mkostemp: opened,
  pipe2(result: number, ends: Uint8Array) {
    if (result === 0) new Int32Array(ends.buffer, ends.byteOffset, 2).forEach(opened);
  },
  close(result: number, descriptor: number) {
    if (result === 0) descriptors.delete(descriptor);
  },
};

function opened(descriptor: number): void {
  if (descriptor >= 0) descriptors.add(descriptor);
}

function add(address: bigint, byteLength: bigint): void {
  remove(address, byteLength);
  ranges = [...ranges, { start: address, end: address + whole(byteLength) }];
}

function remove(address: bigint, byteLength: bigint): void {
  const end = address + whole(byteLength);
  ranges = ranges.flatMap((range) =>
    range.start >= end || range.end <= address ? [range] : [
      { start: range.start, end: address },
      { start: end, end: range.end },
    ].filter(({ start, end }) => start < end)
  );
}

function whole(byteLength: bigint): bigint {
  return (byteLength + PAGE - 1n) / PAGE * PAGE;
}
