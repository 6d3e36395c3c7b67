/**
 * Waiting for a 32-bit word of a mapping, and waking the waits.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import type { Ending, Word } from "../../ffi/os/contract/waiting.ts";
import { checkStack } from "../checks/call_stack.ts";
import { hex, MmapError } from "../checks/errors.ts";
import { byteRange, type PageRange } from "../checks/ranges.ts";
import type { Mapping } from "../pages/mapping.ts";
import type { PageState } from "../pages/page_state.ts";

/**
 * The result of a wait, as of `Atomics.wait()`: `"ok"` if it was woken, `"not-equal"` if the word
 * had another value, `"timed-out"` if the time was up.
 */
export type WaitResult = "ok" | "not-equal" | "timed-out";

const WORD_BYTE_LENGTH = 4;

const RESULTS: Readonly<Record<Ending, WaitResult>> = {
  woken: "ok",
  different: "not-equal",
  elapsed: "timed-out",
};

/** The result for the ending that the system reports. */
export function resultOf(ending: Ending): WaitResult {
  return RESULTS[ending];
}

/** Checks that a word is within the mapping and aligned in memory. */
export function wordRange(
  byteOffset: number | bigint,
  { info, pages }: Pick<Mapping, "info" | "pages">,
): PageRange {
  const { pageOffset } = info;
  const last = pages?.lastWord;
  if (last?.info === info && last.range.start - pageOffset === byteOffset) return last.range;
  const range = byteRange(byteOffset, WORD_BYTE_LENGTH, info);
  if (range.start % WORD_BYTE_LENGTH === 0) return range;
  throw new RangeError(
    `The byteOffset must be a multiple of 4, the length of a word, got ${byteOffset}` +
      (pageOffset % 4 === 0 ? "" : ` in a mapping that starts ${pageOffset % 4} bytes past one`),
  );
}

/**
 * Returns the word at a range, which must be writable even for a wait, except in memory that only
 * others can store to. Memory of a private file is refused: Linux would copy the page to wait for it, and the waiter would not see the stores of
 * others.
 */
export function wordOf(pages: PageState, range: PageRange, done: "waited for" | "notified"): Word {
  const { lastWord, info, access: { version: access } } = pages;
  if (lastWord?.range === range && lastWord.info === info && lastWord.access === access) {
    pages.checkNotLost(range);
    return lastWord.word;
  }
  if (pages.areOfPrivateFile) {
    throw new MmapError(
      `The word at ${hex(pages.addressOf(range.start))} cannot be ${done}: memory of map() and ` +
        "mapExec() is a private copy of the file, which other processes cannot change: use " +
        "mapMut() or mapRead(), or mapAnon() between threads",
      { code: "ENOTSUP" },
    );
  }
  if (!pages.allows(pages.useOfWords, range)) throw pages.accessError(done, range);
  pages.checkNotLost(range);
  const word = pages.wordAt(range.start);
  pages.lastWord = { range, info, access, word };
  return word;
}

/** The error for a wait that the system refused. */
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

/** Wakes at most `count` waits. Returns the number of waits that were woken. */
export function notify(pages: PageState, range: PageRange, count: number): number {
  const word = wordOf(pages, range, "notified");
  if (count === 0) return 0;
  const { waiting } = host().os;
  if (waiting.hasSteps) checkStack();
  const woken = waiting.notify(word, count);
  if (typeof woken !== "number") {
    throw pages.systemError(`to wake the waits for the word at ${hex(word.address)}`, woken);
  }
  return woken;
}
