/**
 * Arguments of calls, good and bad, and what the documentation says of each.
 *
 * @module
 */
import { GRANULE, type Model, PAGE, type Slot, Thrown } from "./world.ts";

/** Errors that calls may throw; empty if they must not. */
export type Errors = string[];

/** An object that unmaps when it is converted, which no call may do. */
export function hostile(slot: Slot | undefined): unknown {
  const convert = () => {
    slot?.mmap.unmap();
    return 0;
  };
  return { valueOf: convert, toString: convert };
}

const BAD: readonly unknown[] = [
  -1,
  "1",
  NaN,
  0.5,
  null,
  2 ** 53,
  -1n,
  2n ** 64n,
  Infinity,
  -Infinity,
  true,
  [],
  Symbol("bad"),
  () => 1,
  2n ** 53n,
  1e300,
];

/** Any value, mostly a bad one; `n` chooses. */
export function bad(n: number, slot?: Slot): unknown {
  const index = n % (BAD.length + 1);
  return index === BAD.length ? hostile(slot) : BAD[index];
}

/** The errors of a count of bytes. */
export function countErrors(value: unknown): Errors {
  if (typeof value === "bigint") {
    return value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER) ? ["RangeError"] : [];
  }
  if (typeof value !== "number") return ["TypeError"];
  if (Math.abs(value) === Infinity) return ["RangeError"];
  if (!Number.isInteger(value)) return ["TypeError"];
  return value < 0 || value > Number.MAX_SAFE_INTEGER ? ["RangeError"] : [];
}

/** A range of a mapping as a call takes it. */
export interface Arguments {
  readonly byteOffset: unknown;
  readonly byteLength: unknown;
  readonly errors: Errors;
  /** From the first page. */
  readonly start: number;
  readonly end: number;
}

/** Judges a range; `isOfPages` where it must be of whole pages, `needsBoth` where nothing has a default. */
export function judged(
  { byteLength: mapped, skip }: Model,
  byteOffset: unknown,
  byteLength: unknown,
  isOfPages: boolean,
  needsBoth = false,
): Arguments {
  const bothGiven = needsBoth;
  const errors = [
    ...(byteOffset === undefined && !bothGiven ? [] : countErrors(byteOffset)),
    ...(byteLength === undefined ? [] : countErrors(byteLength)),
  ];
  if (errors.length > 0) return { byteOffset, byteLength, errors, start: 0, end: 0 };
  const from = Number(byteOffset ?? 0);
  const count = byteLength === undefined ? mapped - from : Number(byteLength);
  const isInside = count >= 0 && from + count <= mapped;
  const [start, end] = [skip + from, skip + from + count];
  const isAligned = (from === 0 || from === mapped || start % PAGE === 0) &&
    (count === 0 || from + count === mapped || end % PAGE === 0);
  if (!isInside || (isOfPages && !isAligned)) errors.push("RangeError");
  return {
    byteOffset,
    byteLength,
    errors,
    start: isOfPages && from === 0 && count > 0 ? 0 : start,
    end,
  };
}

/** Whether a call has nothing to do but to check its arguments. */
export function isNothing({ start, end, errors }: Arguments): boolean {
  return errors.length === 0 && start === end;
}

/** A range of whole pages, now and then a bad one. */
export function pagesOf(slot: Slot, a: number, b: number, needsBoth = false): Arguments {
  const { model } = slot;
  const pages = model.access.length;
  const first = a % pages;
  const last = first + b % (pages - first) + 1;
  const byteOffset = boundary(model, first);
  const end = boundary(model, last);
  let [offset, length]: unknown[] = [byteOffset, end - byteOffset];
  const oddity = (a >> 4) % 24;
  if (oddity === 0) offset = bad(b >> 4, slot);
  else if (oddity === 1) length = bad(b >> 4, slot);
  else if (oddity === 2) offset = byteOffset + 1;
  else if (oddity === 3) length = end - byteOffset - 1;
  else if (oddity === 4) length = end - byteOffset + PAGE;
  else if (oddity === 5) length = undefined;
  else if (oddity === 6 && !needsBoth) offset = undefined;
  else if (oddity === 7) [offset, length] = [BigInt(byteOffset), BigInt(end - byteOffset)];
  else if (oddity === 8) offset = model.byteLength; // with a length
  return judged(model, offset, length, true, needsBoth);
}

/** A range of any bytes, now and then a bad one. */
export function bytesOf(slot: Slot, a: number, b: number): Arguments {
  const { byteLength } = slot.model;
  const byteOffset = (a * 37) % byteLength;
  let [offset, length]: unknown[] = [byteOffset, 1 + (b * 53) % (byteLength - byteOffset)];
  const oddity = (a >> 4) % 20;
  if (oddity === 0) offset = bad(b >> 4, slot);
  else if (oddity === 1) length = bad(b >> 4, slot);
  else if (oddity === 2) length = byteLength - byteOffset + 1;
  else if (oddity === 3) length = undefined;
  else if (oddity === 4) offset = byteLength;
  else if (oddity < 9) [offset, length] = [undefined, undefined];
  return judged(slot.model, offset, length, false);
}

function boundary({ byteLength, skip }: Model, page: number): number {
  return Math.max(0, Math.min(byteLength, page * PAGE - skip));
}

/** Offsets in files. */
export const OFFSETS: readonly number[] = [0, 0, 0, PAGE, 8, GRANULE, PAGE + 7, 2 * PAGE + 8];

/** An object whose property `name` throws, or does something first and then has a value. */
export function withGetter(name: string, get: () => unknown): Record<string, unknown> {
  return Object.defineProperty({}, name, { get, enumerable: true });
}

/** A getter that throws. */
export function throws(): never {
  throw new Thrown("A getter");
}

/** Words arguments, and converts no object. */
export function words(...values: readonly unknown[]): string {
  return values.map((value) => typeof value === "object" && value !== null ? "{}" : String(value))
    .join(", ");
}
