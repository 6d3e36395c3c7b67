/**
 * The steps that wait, and those that wake. Nobody else is there: what they
 * return is known.
 *
 * @module
 */
import type { WaitAsyncOptions } from "../../mod.ts";
import { bad, countErrors, type Errors, judged, throws, withGetter, words } from "./arguments.ts";
import type { TakeSlot } from "./sequence.ts";
import {
  equal,
  isReadable,
  isStrangers,
  isWritable,
  type Slot,
  stateErrors,
  Thrown,
} from "./world.ts";

/** A word, now and then none. */
interface Word {
  readonly byteOffset: unknown;
  readonly errors: Errors;
  /** From the first page. */
  readonly start: number;
}

function wordOf(slot: Slot, a: number, b: number): Word {
  const { model } = slot;
  const spread = (a * 37) % model.byteLength;
  const aligned = spread - (model.skip + spread) % 4;
  const byteOffset = a % 16 === 0
    ? bad(b, slot)
    : a % 16 === 1
    ? [undefined, model.byteLength, model.byteLength - 3, aligned + 1][b % 4]
    : aligned;
  const isUsable = model.source === "read-only" ? isReadable : isWritable;
  const errors = byteOffset === undefined ? ["TypeError"] : countErrors(byteOffset);
  const closed = stateErrors(slot, false);
  if (errors.length > 0) return { byteOffset, errors: [...errors, ...closed], start: 0 };
  const offset = Number(byteOffset);
  const start = model.skip + offset;
  const isWord = offset + 4 <= model.byteLength && start % 4 === 0;
  if (!isWord) errors.push("RangeError");
  else if (model.source === "private") errors.push("ENOTSUP");
  else if (!isUsable(model, start, start + 4)) errors.push("EACCES");
  return { byteOffset, errors: [...errors, ...closed], start };
}

/** Tells whether another thread stores to the word, and waits for it. */
function isOfStranger({ model }: Slot, { start }: Word): boolean {
  return model.hasStrangers && isStrangers(start);
}

/** The value of the word, if it is one. */
function valueOf({ mmap, model }: Slot, { start, errors }: Word): number {
  if (errors.length > 0 || !isReadable(model, start, start + 4)) return 0;
  const value = new Int32Array(1);
  mmap.read(value, start - model.skip);
  return value[0]!;
}

export const wait: TakeSlot = (world, slot, [, , a, b, c], name) => {
  const word = wordOf(slot, a, b);
  if (isOfStranger(slot, word)) return;
  const { byteOffset } = word;
  const errors = [...word.errors];
  const value = valueOf(slot, word);
  const isSame = c % 3 !== 0;
  let expected: unknown = isSame ? (c % 2 === 0 ? value : value >>> 0) : value ^ 1;
  let timeout: unknown = [0, -1, -Infinity][c % 3];
  if (c % 32 === 5) {
    expected = [bad(b), 2 ** 32, -(2 ** 31) - 1, 0n][b % 4];
    errors.push("TypeError", "RangeError");
    if (isWord(expected)) return;
  } else if (c % 32 === 7) {
    timeout = [NaN, "1", 1n, null, {}][b % 5];
    errors.push("TypeError");
  } else if (c % 64 === 8) timeout = 0.01;
  const text = `${name}(${words(byteOffset, expected, timeout)})`;
  const result = world.call(
    text,
    errors,
    () => slot.mmap.wait(byteOffset as number, expected as number, timeout as number),
  );
  if (result !== undefined) equal(result, isSame ? "timed-out" : "not-equal", text);
};

function isWord(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= -(2 ** 31) &&
    value < 2 ** 32;
}

export const notify: TakeSlot = (world, slot, [, , a, b, c], name) => {
  const word = wordOf(slot, a, b);
  if (isOfStranger(slot, word)) return;
  const errors = [...word.errors];
  let count: unknown = [undefined, 1, 0, Infinity, 2 ** 40][c % 5];
  if (c % 24 === 6) {
    count = [-1, NaN, 0.5, "1", 1n, null, -Infinity][b % 7];
    errors.push("TypeError", "RangeError");
  }
  const { byteOffset } = word;
  const text = `${name}(${words(byteOffset, count)})`;
  const woken = world.call(
    text,
    errors,
    () => slot.mmap.notify(byteOffset as number, count as number),
  );
  if (woken !== undefined) equal(woken, 0, text);
};

/** Threads cost: most of what is asked for needs none. */
export const waitAsync: TakeSlot = async (world, slot, [, , a, b, c], name) => {
  const { mmap, model } = slot;
  const word = wordOf(slot, a, b);
  if (isOfStranger(slot, word)) return;
  const errors = [...word.errors];
  const value = valueOf(slot, word);
  let options: unknown = { timeout: 0 };
  let [expected, result] = c % 3 === 0 ? [value ^ 1, "not-equal"] : [value, "timed-out"];
  let meanwhile: (() => void) | undefined;
  switch (c % 64) {
    case 1:
      options = [null, 1, "ref", { time: 1 }, { ref: 1 }, { timeout: NaN }, { signal: {} }][b % 7];
      errors.push("TypeError");
      break;
    case 2:
      options = withGetter("timeout", throws);
      errors.push("Thrown");
      break;
    case 3:
      options = { signal: AbortSignal.abort(new Thrown("aborted")) };
      errors.push("Thrown");
      break;
    case 4:
      if (model.isTransferred || model.isClosed) return;
      options = withGetter("ref", () => (mmap.unmap(), true));
      close(slot);
      errors.length = 0;
      errors.push("EBADF");
      break;
    case 5:
    case 6:
      options = { timeout: 0.01, ref: c % 2 === 0 };
      [expected, result] = [value, "timed-out"];
      break;
    case 7:
      // Its thread has been told, and can have begun.
      if (model.isTransferred || model.isClosed) return;
      options = {};
      expected = value;
      meanwhile = () => mmap.unmap();
      close(slot);
      if (errors.length === 0) errors.push("EBADF");
      break;
  }
  const text = `${name}(${words(word.byteOffset, expected)}, …)`;
  world.trace?.(text);
  const alive = setInterval(() => {}, 1000); // without `ref` the process could end
  const promise = mmap.waitAsync(
    word.byteOffset as number,
    expected,
    options as WaitAsyncOptions,
  );
  meanwhile?.();
  // How it ends is asked of a call, as of all others.
  const end = await promise.then(
    (result) => () => result as string,
    (error: unknown) => () => {
      throw error;
    },
  );
  clearInterval(alive);
  const ended = world.call(text, errors, end);
  if (ended !== undefined) equal(ended, result, text);
};

/** flushAsync(), seldom in a thread. */
export const flushAsync: TakeSlot = async (world, slot, [, , a, b, c], name) => {
  const { mmap, model } = slot;
  const offset = a % 16 === 1 ? bad(b, slot) : a % model.byteLength;
  const { byteOffset, byteLength, errors } = judged(model, offset, undefined, false);
  errors.push(...stateErrors(slot, false));
  let options: unknown = {};
  let meanwhile: (() => void) | undefined;
  if (c % 8 === 1) {
    options = [null, 1, { ref: true }, { signal: {} }][b % 4];
    errors.push("TypeError");
  } else if (c % 8 === 2) {
    options = { signal: AbortSignal.abort(new Thrown("aborted")) };
    errors.push("Thrown");
  } else if (model.source === "shared") {
    if (c % 4 !== 0) return;
    if (c % 16 === 4 && errors.length === 0 && !model.isTransferred) {
      meanwhile = () => mmap.unmap();
      close(slot);
      errors.push("EBADF");
    }
  }
  const text = `${name}(${words(byteOffset)}, …)`;
  world.trace?.(text);
  const promise = mmap.flushAsync(byteOffset as number, byteLength as number, options as object);
  meanwhile?.();
  const end = await promise.then(() => () => {}, (error: unknown) => () => {
    throw error;
  });
  world.call(text, errors, end);
};

function close({ model, kept }: Slot): void {
  model.isClosed = true;
  for (const view of kept) view.isStale = true;
}
