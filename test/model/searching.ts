/**
 * The steps that search.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { bad, countErrors, words } from "./arguments.ts";
import type { TakeSlot } from "./sequence.ts";
import { equal, isReadable, type Slot, stateErrors } from "./world.ts";

/** The most records that are taken of an iterator, whose other ones are left. */
const MAX_RECORDS = 40;

/** A pattern, and the bytes that it stands for; none if it is refused. */
function patternOf({ kept }: Slot, a: number, c: number): [pattern: unknown, bytes?: Buffer] {
  switch (c % 8) {
    case 0:
      return [256 + c];
    case 1: {
      const own = kept[a % kept.length];
      if (own === undefined) return ["", Buffer.alloc(0)];
      return own.isStale ? [own.bytes] : [own.bytes, Buffer.from(own.bytes)];
    }
    case 2:
      return ["\0", Buffer.alloc(1)];
    case 3:
    case 4:
      return [a & 255, Buffer.of(a & 255)];
    default: {
      const bytes = Buffer.alloc(2 + c % 3, c % 2 === 0 ? a : 0);
      return [new DataView(bytes.buffer, bytes.byteOffset, bytes.length), bytes];
    }
  }
}

/** indexOf(), lastIndexOf(), count() and split(). What they find is compared with what is read. */
export const search: TakeSlot = (world, slot, [verb, , a, b, c], name) => {
  const { mmap, model } = slot;
  const [pattern, bytes] = patternOf(slot, a, c);
  const byteOffset = b % 24 === 0 ? bad(b >> 5, slot) : b % (model.byteLength + 1);
  const byteEnd = a % 24 === 0
    ? bad(a >> 5, slot)
    : a % 4 === 0 || typeof byteOffset !== "number"
    ? undefined
    : byteOffset + a % 9000;
  const errors = byteOffset === undefined ? [] : countErrors(byteOffset);
  if (byteEnd !== undefined) errors.push(...countErrors(byteEnd));
  const isRange = errors.length === 0;
  const start = isRange ? Number(byteOffset ?? 0) : 0;
  const end = isRange ? Number(byteEnd ?? model.byteLength) : 0;
  if (start > end || end > model.byteLength) errors.push("RangeError");
  if (bytes === undefined) errors.push(typeof pattern === "number" ? "RangeError" : "TypeError");
  const length = bytes?.length ?? 0;
  const needsBytes = verb === "count" || verb === "split";
  if (needsBytes && length === 0) errors.push("RangeError");
  const isShort = length === 0 || (verb === "split" ? start === end : end - start < length);
  const isAllowed = isShort || errors.length > 0 ||
    end - start < length || isReadable(model, model.skip + start, model.skip + end);
  if (!isAllowed) errors.push("EACCES");
  errors.push(...stateErrors(slot, false));
  const found = world.call(`${name}(${words(pattern, byteOffset, byteEnd)})`, errors, () => {
    const args = [pattern, byteOffset, byteEnd] as [number, number, number];
    if (verb !== "split") return mmap[verb as "indexOf"](...args);
    const records = mmap.split(...args);
    let text = "";
    for (let taken = 0; taken < MAX_RECORDS; taken++) {
      const { value, done } = records.next();
      if (done) break;
      text += `${value.byteOffset}+${value.byteLength} `;
    }
    return text;
  });
  if (found === undefined || model.hasStrangers || isShort) return;
  const range = Buffer.alloc(end - start);
  mmap.read(range, start);
  equal(found, expected(verb, range, bytes!, start), name);
};

/** What arrays find. */
function expected(verb: string, range: Buffer, pattern: Buffer, start: number): number | string {
  if (verb === "indexOf" || verb === "lastIndexOf") {
    const found = range[verb](pattern);
    return found === -1 ? -1 : start + found;
  }
  let [count, from, records, text] = [0, 0, 0, ""];
  const add = (past: number) => {
    if (records++ < MAX_RECORDS) text += `${start + from}+${past - from} `;
  };
  for (let at; (at = range.indexOf(pattern, from)) !== -1; from = at + pattern.length) {
    count++;
    add(at);
  }
  if (from < range.length) add(range.length);
  return verb === "count" ? count : text;
}
