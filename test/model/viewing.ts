/**
 * The steps of views: made, loaded from, stored to and transferred away.
 *
 * @module
 */
import type { ViewConstructor } from "../../mod.ts";
import { bad, countErrors, type Errors, hostile, throws, words } from "./arguments.ts";
import type { Step, World } from "./sequence.ts";
import { VIEW_TYPES } from "../support/view_types.ts";
import {
  checkContent,
  checkKept,
  equal,
  isWritable,
  type Kept,
  type Model,
  runAt,
  type Slot,
  stateErrors,
  store,
} from "./world.ts";

type AnyView = ViewConstructor<ArrayBufferView>;

/** Bytes come more often. */
const TYPES = [
  Uint8Array,
  ...VIEW_TYPES,
] as unknown as readonly (AnyView & { readonly BYTES_PER_ELEMENT?: number })[];

const NO_TYPES = [
  undefined,
  null,
  Array,
  ArrayBuffer,
  {},
  class extends Uint8Array {
    static override readonly BYTES_PER_ELEMENT = 3 as never;
  },
  () => 1,
  "Uint8Array",
] as unknown as readonly AnyView[];

/** A buffer is at most as much longer than its view at each end, in a mapping of few buffers. */
const SPACING = 65_536;

/** view() of every type, and of what is none. */
export function view(world: World, slot: Slot, [, , a, b, c]: Step, name: string): void {
  const { mmap, model } = slot;
  const errors = stateErrors(slot, true);
  if (c % 32 === 0) {
    const type = NO_TYPES[a % NO_TYPES.length]!;
    world.call(`${name}(no type)`, ["TypeError", ...errors], () => mmap.view(type));
    return;
  }
  if (c % 64 === 1) return hostileType(world, slot, a, name);
  const type = TYPES[c % TYPES.length]!;
  const size = type.BYTES_PER_ELEMENT ?? 1;
  const oddity = (c >> 5) % 24;
  const byteOffset = oddity === 0
    ? bad(a, slot)
    : oddity < 8
    ? undefined
    : a % (model.byteLength + 2) - (oddity < 20 ? a % (model.byteLength + 2) % size : 0);
  const rest = model.byteLength - (typeof byteOffset === "number" ? byteOffset : 0);
  const length = oddity === 1
    ? bad(b, slot)
    : oddity < 12
    ? undefined
    : b % (Math.max(0, Math.floor(rest / size)) + 2);
  const inBytes = boundsOf(model, byteOffset, length, size, errors);
  made(
    world,
    slot,
    errors,
    inBytes,
    `${name}(${type.name}, ${words(byteOffset)}, ${words(length)})`,
    () => mmap.view(type, byteOffset as number, length as number),
  );
}

/** arrayBuffer() of any range. */
export function arrayBuffer(world: World, slot: Slot, [, , a, b, c]: Step, name: string): void {
  const { mmap, model } = slot;
  const errors = stateErrors(slot, true);
  const byteOffset = c % 16 === 0 ? bad(a, slot) : a % (model.byteLength + 2);
  const rest = model.byteLength - (typeof byteOffset === "number" ? byteOffset : 0);
  const byteLength = c % 16 === 1 ? bad(b, slot) : c % 4 === 2 ? undefined : b % (rest + 2);
  const range = boundsOf(model, byteOffset, byteLength, 1, errors);
  const make = () => {
    const buffer = mmap.arrayBuffer(byteOffset as number, byteLength as number);
    const again = mmap.arrayBuffer(byteOffset as number, byteLength as number);
    if (range[0] < range[1]) equal(again, buffer, "arrayBuffer(), asked for again,");
    equal(buffer.byteLength, range[1] - range[0], "The byteLength of arrayBuffer()");
    return new Uint8Array(buffer);
  };
  made(world, slot, errors, range, `${name}(${words(byteOffset, byteLength)})`, make, true);
}

/** The range of a view, from the first page; adds the errors that asking for it must throw. */
function boundsOf(
  model: Model,
  byteOffset: unknown,
  length: unknown,
  size: number,
  errors: Errors,
): [number, number] {
  const offsetErrors = byteOffset === undefined ? [] : countErrors(byteOffset);
  const lengthErrors = length === undefined ? [] : countErrors(length);
  errors.push(...offsetErrors, ...lengthErrors);
  if (offsetErrors.length > 0) return [0, 0];
  if (lengthErrors.length > 0) length = 0;
  const at = Number(byteOffset ?? 0);
  const rest = Math.min(model.byteLength - at, longestView(model));
  const byteLength = length === undefined ? rest : Number(length) * size;
  const start = model.skip + at;
  if (rest < 0 || start % size !== 0 || byteLength > rest || byteLength % size !== 0) {
    errors.push("RangeError");
  }
  return [start, start + byteLength];
}

/** The longest view, in bytes: none has a byte of mirrored memory twice. */
function longestView({ source, byteLength }: Model): number {
  return source === "mirror" ? byteLength / 2 : byteLength;
}

/** Asks for a view, and keeps it. */
function made(
  world: World,
  slot: Slot,
  errors: Errors,
  [start, end]: [number, number],
  name: string,
  make: () => ArrayBufferView,
  isExact = false,
): void {
  const { model } = slot;
  if (errors.length === 0 && start < end) {
    if (!isWritable(model, start, end)) errors.push("EACCES");
  }
  // A view of nothing has no bytes whose access counts.
  const value = world.call(name, errors, make, start === end ? ["EACCES"] : []);
  if (value === undefined) return;
  equal(value.byteLength, end - start, `The byteLength of ${name}`);
  if (start === end) return;
  const bytes = new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
  const bufferStart = start - value.byteOffset;
  const bufferEnd = bufferStart + value.buffer.byteLength;
  const run = runAt(model, start);
  if (bufferStart < run[0] || bufferEnd > run[1]) {
    throw new Error(`The buffer reaches from ${bufferStart} to ${bufferEnd}, beyond ${run}`);
  }
  const longest = isExact
    ? end - start
    : Math.min(model.skip + longestView(model), 2 * (end - start) + 2 * SPACING);
  if (value.buffer.byteLength > longest) {
    throw new Error(`The buffer of ${value.buffer.byteLength} bytes is longer than ${longest}`);
  }
  const kept: Kept = {
    view: value,
    bytes,
    model,
    start,
    byteLength: end - start,
    bufferStart,
    bufferEnd,
    isStale: false,
  };
  checkContent(model, start, bytes, name);
  world.keep(kept, slot);
}

/** A type whose own getter unmaps, throws, or tells a wrong size. */
function hostileType(world: World, slot: Slot, a: number, name: string): void {
  const { mmap, model } = slot;
  const errors = stateErrors(slot, true);
  if (a % 3 === 0) {
    class Throwing extends Uint8Array {}
    Object.defineProperty(Throwing, "BYTES_PER_ELEMENT", { get: throws });
    world.call(`${name}(throws)`, ["Thrown", ...errors], () => mmap.view(Throwing as AnyView));
  } else if (a % 3 === 1) {
    class Lying extends Float64Array {
      static override readonly BYTES_PER_ELEMENT = 1 as never;
    }
    const count = a % 16;
    const isPossible = isWritable(
      model,
      model.skip,
      model.skip + Math.min(count * 8, model.byteLength),
    );
    if (!isPossible || errors.length > 0) return;
    world.call(`${name}(lies)`, [], () => {
      const lies = mmap.view(Lying as AnyView, 0, Math.min(count, model.byteLength));
      for (const byte of new Uint8Array(lies.buffer)) void byte;
    }, ["RangeError", "EACCES"]);
  } else if (!model.isTransferred && !model.isClosed) {
    class Unmapping extends Uint8Array {}
    Object.defineProperty(Unmapping, "BYTES_PER_ELEMENT", {
      get() {
        mmap.unmap();
        return 1;
      },
    });
    // As any call that throws, it must have changed nothing that the getter did not.
    world.call(`${name}(unmaps)`, ["EBADF"], () => mmap.view(Unmapping as AnyView));
    model.isClosed = true;
    for (const kept of slot.kept) {
      kept.isStale = true;
      checkKept(kept);
    }
    world.call(
      `${name}(converts)`,
      ["TypeError"],
      () => mmap.view(Uint8Array, hostile(slot) as number),
      ["EBADF"],
    );
  }
}

/** The bytes of all. */
export function bytes(world: World, slot: Slot, _step: Step, name: string): void {
  const { mmap, model } = slot;
  const errors = stateErrors(slot, true);
  // The bytes below the first one are of its page.
  const range: [number, number] = [model.skip, model.skip + longestView(model)];
  made(world, slot, errors, range, name, () => mmap.bytes);
  if (errors.length === 0) equal(mmap.bytes, mmap.bytes, "bytes, asked for again,");
}

/** Loads from a view that was kept. */
export function load(_world: World, { kept }: Slot, [, , a]: Step): void {
  if (kept.length > 0) checkKept(kept[a % kept.length]!);
}

/** Stores to a view that was kept; where it is stale, nothing is. */
export function storeKept(world: World, { kept }: Slot, [, , a, b, c]: Step, name: string): void {
  const chosen = kept[a % kept.length];
  if (chosen === undefined) return;
  const { bytes, model, start, byteLength, isStale } = chosen;
  const at = b % byteLength;
  const end = Math.min(byteLength, at + (c % 5 === 0 ? byteLength : c % 64));
  world.trace?.(`${name}(${at}, ${end}) = ${c & 255}`);
  if (isStale) {
    bytes[at] = c; // goes nowhere
    checkKept(chosen);
    return;
  }
  bytes.fill(c, at, end);
  store(model, start + at, new Uint8Array(end - at).fill(c));
}

/** Transfers the buffer of a view away, where the runtime lets it. */
export function transfer(
  world: World,
  { mmap, kept, model }: Slot,
  [, , a, b]: Step,
  name: string,
): void {
  const chosen = kept[a % kept.length];
  if (chosen === undefined || chosen.isStale || b % 4 !== 0) return;
  const buffer = chosen.view.buffer as ArrayBuffer;
  const { byteLength } = buffer;
  world.calls++;
  world.trace?.(`${name}()`);
  try {
    if (b % 8 === 0) structuredClone(buffer, { transfer: [buffer] });
    else buffer.transfer();
  } catch {
    // Some runtimes refuse: it shows in whether it is detached.
  }
  if (buffer.byteLength === byteLength) return;
  model.isTransferred = true;
  for (const other of kept) if (other.view.buffer === buffer) other.isStale = true;
  // Noticed by the next call that would use the buffer, and from then on by all.
  world.call("unmap(transferred)", ["EBUSY"], () => mmap.unmap());
  const { start, byteLength: length } = chosen;
  world.call(`${name}: view`, ["EBUSY"], () => mmap.view(Uint8Array, start - model.skip, length));
}
