/**
 * Waiting until a 32-bit word of a mapping changes, and waking those that wait.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import type { Ending, Word } from "../../ffi/os/contract/waiting.ts";
import { hex, MmapError } from "../checks/errors.ts";
import { byteRange, type Extent, type PageRange } from "../checks/ranges.ts";
import type { PageState } from "../pages/page_state.ts";
import { checkStack } from "../checks/call_stack.ts";

/**
 * How a wait ended, as for `Atomics.wait()`: `"ok"` where it was woken,
 * `"not-equal"` where the word had another value, `"timed-out"` where the time was up.
 */
export type WaitResult = "ok" | "not-equal" | "timed-out";

const WORD_BYTE_LENGTH = 4;

const RESULTS: Readonly<Record<Ending, WaitResult>> = {
  woken: "ok",
  different: "not-equal",
  elapsed: "timed-out",
};

/** The result that a way to end is. */
export function resultOf(ending: Ending): WaitResult {
  return RESULTS[ending];
}

/** Checks that a word is within a mapping, and aligned in memory. */
export function wordRange(
  byteOffset: number | bigint,
  extent: Extent,
): PageRange {
  const range = byteRange(byteOffset, WORD_BYTE_LENGTH, extent);
  const { pageOffset } = extent;
  if (range.start % WORD_BYTE_LENGTH === 0) return range;
  throw new RangeError(
    `The byteOffset must be a multiple of 4, the length of a word, got ${byteOffset}` +
      (pageOffset % 4 === 0 ? "" : ` in a mapping that starts ${pageOffset % 4} bytes past one`),
  );
}

/**
 * The word at a range, with which that can be done. It must be one that can be
 * stored to, also to wait for it: Linux knows no private page that was never
 * stored to, and takes it for another one after it was. For that reason it copies
 * the page of a private file for a wait, which would cut the waiter off from the file:
 * such memory is refused.
 */
export function wordOf(pages: PageState, range: PageRange, done: "waited for" | "notified"): Word {
  if (pages.areOfPrivateFile) {
    throw new MmapError(
      `The word at ${hex(pages.addressOf(range.start))} cannot be ${done}: memory of map() and ` +
        "mapExec() is a private copy of the file, and no store of another process wakes who " +
        "waits for it: use mapMut(), or mapAnon() where only threads wait",
      { code: "ENOTSUP" },
    );
  }
  if (!pages.allows("written", range)) throw pages.accessError(done, range);
  pages.checkNotLost(range);
  return pages.wordAt(range.start);
}

/** The error for a word that the system refuses to wait for. */
export function waitError(pages: PageState, { address }: Word, failure: Failure): MmapError {
  return pages.systemError(`to wait for the word at ${hex(address)}`, failure);
}

/** Waits in this thread. */
export function wait(
  pages: PageState,
  range: PageRange,
  expected: number,
  milliseconds: number,
): WaitResult {
  const word = wordOf(pages, range, "waited for");
  const { waiting } = host().os;
  if (waiting.hasSteps) checkStack();
  const ending = waiting.wait(word, expected, milliseconds);
  if (typeof ending !== "string") throw waitError(pages, word, ending);
  return resultOf(ending);
}

/** Wakes those that wait, and tells how many. */
export function notify(pages: PageState, range: PageRange, count: number): number {
  const word = wordOf(pages, range, "notified");
  if (count === 0) return 0;
  const { waiting } = host().os;
  if (waiting.hasSteps) checkStack();
  const woken = waiting.notify(word, count);
  if (typeof woken !== "number") {
    throw pages.systemError(`to wake those that wait for the word at ${hex(word.address)}`, woken);
  }
  return woken;
}
