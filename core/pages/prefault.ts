/**
 * Backing memory before its use, in small steps.
 *
 * @module
 */
import { currentRuntime, host } from "../../ffi/host.ts";
import {
  checkOptions,
  type Defaults,
  describe,
  propertyOf,
  type WithDefaults,
} from "../checks/arguments.ts";
import { detach } from "../checks/buffers.ts";
import { describeRange } from "../checks/errors.ts";
import { isEmpty, type PageRange } from "../checks/ranges.ts";
import type { Mapping } from "./mapping.ts";
import type { PageState } from "./page_state.ts";
import { checkBackable, refuseNoAccess, type WholePages, wholePages } from "./residency.ts";
import { loadPages } from "./touch.ts";

/** Options of {@linkcode Mmap.prefault}. */
export interface PrefaultOptions {
  /** The start of the range, in bytes, of any alignment. Default: 0. */
  readonly byteOffset?: number | bigint | undefined;
  /** The length of the range, in bytes. Default: up to the end of the mapping. */
  readonly byteLength?: number | bigint | undefined;
  /** An `AbortSignal` that stops the work. */
  readonly signal?: { readonly aborted: boolean; readonly reason?: unknown } | undefined;
  /** Called after each step with the number of bytes that are done, and the total. */
  readonly onProgress?:
    | ((doneByteLength: number, totalByteLength: number) => void)
    | undefined;
}

const DEFAULTS = {
  byteOffset: 0,
  byteLength: undefined,
  signal: undefined,
  onProgress: undefined,
} satisfies Defaults<PrefaultOptions>;

/**
 * The number of bytes that one call backs. It is small, because a huge page can take milliseconds.
 */
const SLICE_BYTE_LENGTH = 2 ** 18;
/** The time after which a turn of the event loop makes no further call, in milliseconds. */
const TURN_MS = 4;
/** The most bytes of one turn: memory that is backed already takes almost no time. */
const TURN_BYTE_LENGTH = 2 ** 24;

/** Keeps loaded values, so that no engine removes the loads. */
const seenLast = [0];

/** Backs memory. `open` returns the mapping, and throws if it is closed. */
export async function prefault(open: () => Mapping, options: PrefaultOptions): Promise<void> {
  const { byteOffset, byteLength, signal, onProgress } = prefaultOptions(options);
  const mapping = open();
  const range = mapping.byteRange(byteOffset, byteLength);
  if (isEmpty(range)) {
    if (signal?.aborted) throw signal.reason;
    return;
  }
  const pages = mapping.track();
  refuseNoAccess("prefaulted", range, pages);
  const start = Number(byteOffset);
  const total = range.end - range.start;
  if (pages.areInMemory) checkBackable("prefault", pages, wholePages(pages, range));
  for (let done = 0; done < total;) {
    if (signal?.aborted) throw signal.reason;
    // If a faked clock stands still, the length ends the turn.
    const turnStart = Date.now();
    const turnEnd = Math.min(total, done + TURN_BYTE_LENGTH);
    do {
      // Opened each time, because a fake clock may unmap or resize.
      const mapping = open();
      const slice = mapping.byteRange(start + done, Math.min(SLICE_BYTE_LENGTH, turnEnd - done));
      done += backRun(mapping.track(), slice);
    } while (done < turnEnd && Date.now() - turnStart < TURN_MS);
    onProgress?.(done, total);
    if (done < total) await currentRuntime().nextTurn();
  }
}

/** Backs the first run of equal access in a range. Returns its length. */
function backRun(pages: PageState, range: PageRange): number {
  const { os } = host();
  const run = pages.runsIn(range)[0]!;
  refuseNoAccess("prefaulted", run, pages);
  const slice = wholePages(pages, run);
  // Stores would make each page of a file private, or dirty.
  const forWriting = pages.areAnonymous && run.value === "read-write";
  const failure = os.residency.populate(slice.address, slice.byteLength, forWriting);
  if (failure === "unsupported") {
    if (!pages.areAnonymous) loadPages(os, slice.address, Number(slice.byteLength));
    else touch(slice, forWriting);
  } else if (failure !== undefined) {
    throw pages.systemError(`to prefault ${describeRange(slice)}`, failure);
  }
  return run.end - range.start;
}

/** Loads from each page, or stores atomically without changing it: other threads may store too. */
function touch({ address, byteLength }: WholePages, forWriting: boolean): void {
  const { runtime, os } = host();
  const integers = new Int32Array(runtime.view(address, Number(byteLength)));
  const step = os.pageSize / integers.BYTES_PER_ELEMENT;
  // No Atomics.load(): Bun compiles it to an addition of 0, which ends the process if the memory
  // must not be stored to.
  let seen = 0;
  for (let index = 0; index < integers.length; index += step) {
    seen ^= forWriting ? Atomics.or(integers, index, 0) : integers[index]!;
  }
  seenLast[0] = seen;
  detach(integers.buffer);
}

function prefaultOptions(
  options: PrefaultOptions,
): WithDefaults<PrefaultOptions, typeof DEFAULTS> {
  const checked = checkOptions(options, DEFAULTS);
  const { signal, onProgress } = checked;
  if (signal !== undefined && typeof propertyOf(signal, "aborted") !== "boolean") {
    throw new TypeError(`The signal must be an AbortSignal, got ${describe(signal)}`);
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError(`onProgress must be a function, got ${describe(onProgress)}`);
  }
  return checked;
}
