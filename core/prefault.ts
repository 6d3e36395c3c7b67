/**
 * Backing memory ahead of its use, a little at a time.
 *
 * @module
 */
import { host } from "../ffi/host.ts";
import { refused } from "./errors.ts";
import { byteRange, type PageRange } from "./page_range.ts";
import type { Pages } from "./paging.ts";
import { refuseNoAccess, type WholePages, wholePages, words } from "./residency.ts";
import { describe } from "./validate.ts";
import { detach } from "./views.ts";

/** What to back, and how to follow it. */
export interface PrefaultOptions {
  /** Where it starts in the mapping, in bytes, of any alignment. Default: 0. */
  readonly byteOffset?: number | undefined;
  /** How much, in bytes. Default: up to the end of the mapping. */
  readonly byteLength?: number | undefined;
  /** An `AbortSignal` that ends it. */
  readonly signal?: { readonly aborted: boolean; readonly reason?: unknown } | undefined;
  /** Called after each part, with how many bytes are done and how many there are. */
  readonly onProgress?:
    | ((doneByteLength: number, totalByteLength: number) => void)
    | undefined;
}

/** An open mapping. */
export interface OpenMemory {
  /** The address of its first byte. */
  readonly address: bigint;
  readonly byteLength: number;
  readonly pages: Pages;
}

const NAMES: readonly (keyof PrefaultOptions)[] = [
  "byteOffset",
  "byteLength",
  "signal",
  "onProgress",
];

/** How much one call backs: little, because a huge page can cost milliseconds. */
const SLICE_BYTE_LENGTH = 2 ** 18;
/** How long the calls of one turn of the event loop take together, but for the last one. */
const TURN_MS = 4;
/** How much one turn backs at most: memory that is there already costs almost nothing. */
const TURN_BYTE_LENGTH = 2 ** 24;

/** What was loaded last. */
const SEEN: Int32Array = new Int32Array(1);

// Taken once: where timers are faked, they are still the engine's own. In Bun a
// message of a MessageChannel does not let timers run; this does everywhere.
const { performance, setImmediate } = globalThis as unknown as {
  readonly performance: { now(): number };
  readonly setImmediate: (callback: () => void) => void;
};

/** Backs memory, as {@linkcode PrefaultOptions} say; `open` throws where the mapping is closed. */
export async function prefault(open: () => OpenMemory, options: PrefaultOptions): Promise<void> {
  const { byteOffset = 0, byteLength, signal, onProgress } = checkedOptions(options);
  const { start, end } = byteRange(byteOffset, byteLength, open().byteLength);
  refuseNoAccess("prefault", { start, end }, open().pages);
  for (let done = start; done < end;) {
    if (signal?.aborted) throw signal.reason;
    done = populateForATurn(open(), { start: done, end });
    onProgress?.(done - start, end - start);
    if (done < end) await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Backs the first bytes of a range, and returns how far it got. */
function populateForATurn(memory: OpenMemory, { start, end }: PageRange): number {
  byteRange(start, end - start, memory.byteLength); // it can have become shorter
  const from = performance.now();
  const turnEnd = Math.min(end, start + TURN_BYTE_LENGTH);
  let done = start;
  do {
    const sliceEnd = Math.min(turnEnd, done + SLICE_BYTE_LENGTH);
    done = populate(memory, { start: done, end: sliceEnd });
  } while (done < turnEnd && performance.now() - from < TURN_MS);
  return done;
}

/** Backs the first bytes of a range that have equal access, and returns where they end. */
function populate({ address, pages }: OpenMemory, range: PageRange): number {
  const run = pages.runsIn(range)[0]!;
  refuseNoAccess("prefault", run, pages);
  const slice = wholePages(address, run);
  const forWriting = run.value === "read-write";
  const failure = host().os.residency().populate(slice.address, slice.byteLength, forWriting);
  if (failure === "unsupported") touch(slice, forWriting);
  else if (failure !== undefined) throw refused(`to prefault ${words(slice)}`, failure);
  return run.end;
}

/** Does to each page what changes nothing in it, whatever other threads store meanwhile. */
function touch({ address, byteLength }: WholePages, forWriting: boolean): void {
  const { runtime, os } = host();
  const integers = new Int32Array(runtime.view(address, Number(byteLength)));
  const step = os.pageSize / integers.BYTES_PER_ELEMENT;
  // Kept, so that no engine leaves the loads out. No Atomics.load(): once Bun has
  // compiled it, it adds 0 to the memory, which ends the process where no store may.
  let seen = 0;
  for (let index = 0; index < integers.length; index += step) {
    seen ^= forWriting ? Atomics.or(integers, index, 0) : integers[index]!;
  }
  SEEN[0] = seen;
  detach(integers.buffer);
}

function checkedOptions(options: PrefaultOptions): PrefaultOptions {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`The options must be an object, got ${describe(options)}`);
  }
  for (const name of Object.keys(options)) {
    if ((NAMES as readonly string[]).includes(name)) continue;
    throw new TypeError(
      `The option ${JSON.stringify(name)} is unknown: the options are ${NAMES.join(", ")}`,
    );
  }
  const { byteOffset, byteLength, signal, onProgress } = options;
  if (signal !== undefined && typeof signal?.aborted !== "boolean") {
    throw new TypeError(`The signal must be an AbortSignal, got ${describe(signal)}`);
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError(`The onProgress must be a function, got ${describe(onProgress)}`);
  }
  return { byteOffset, byteLength, signal, onProgress };
}
