/**
 * The documentation's promises about mappings, as plain data: the model that
 * the library is held against.
 *
 * @module
 */
import { type Access, allocationGranularity, type Mmap, MmapError, pageSize } from "../../mod.ts";

export const PAGE: number = pageSize();
export const GRANULE: number = allocationGranularity();

/** A file, and what must be in it. */
export interface TestFile {
  readonly path: string;
  readonly fd: number;
  readonly initial: Uint8Array;
  bytes: Uint8Array;
  isDirty: boolean;
}

/** Pages that are not in the file any more. */
export interface Lost {
  /** Their start, from the first page. */
  readonly from: number;
  readonly isGuarded: boolean;
  /** True if the system has refused a call for one. */
  isRefused: boolean;
  /** True if the guard has replaced one, and so those after it, as far as it looked. */
  isReplaced: boolean;
  /** True if something was stored to them, which nobody has to keep. */
  isStoredTo: boolean;
}

/** One mapping, as the documentation has it. Ranges count from the first page, `skip` bytes before the first byte. */
export interface Model {
  source: "memory" | "mirror" | "private" | "shared" | "read-only";
  readonly byteLength: number;
  readonly skip: number;
  /** By page. */
  readonly access: Access[];
  /** Content of memory that is not a file's: a page of a private mapping after a store. */
  readonly own: Uint8Array;
  /** By page of a private mapping: whether it is the file's (0), its own (1), or either (2). */
  readonly copied: Uint8Array;
  readonly file: TestFile | undefined;
  /** The offset of the first page in the file. */
  readonly fileOffset: number;
  /** The length of the guards in bytes. */
  readonly guards: readonly [below: number, above: number];
  /** The length that it can have in its place, in bytes; 0 for none. */
  readonly capacity: number;
  /** The pages that a truncated file has lost. */
  lost: Lost | undefined;
  isClosed: boolean;
  isTransferred: boolean;
  wasLocked: boolean;
  /** True if another thread can have a handle, so that what changes the memory can be refused. */
  isLent: boolean;
  /** True if some words of it are another thread's. */
  hasStrangers: boolean;
}

/** A view that is kept, and the bounds of its buffer. */
export interface Kept {
  readonly view: ArrayBufferView;
  readonly bytes: Uint8Array;
  readonly model: Model;
  /** Its start, from the first page. */
  readonly start: number;
  readonly byteLength: number;
  readonly bufferStart: number;
  readonly bufferEnd: number;
  isStale: boolean;
}

/** A handle and what is known of it. */
export interface Slot {
  readonly mmap: Mmap;
  readonly model: Model;
  readonly kept: Kept[];
}

/** The library did not do what the model says. */
export class Mismatch extends Error {
  readonly kind: "content" | "outcome";

  constructor(kind: "content" | "outcome", message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Thrown by getters of bad arguments. */
export class Thrown extends Error {}

/** Names what was thrown: an error's code or class. */
export function nameOf(error: unknown): string {
  if (error instanceof MmapError) return error.code;
  if (error instanceof Thrown) return "Thrown";
  if (error instanceof TypeError) return "TypeError";
  if (error instanceof RangeError) return "RangeError";
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Throws where what was seen is not what the model says. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  if (actual === expected) return;
  throw new Mismatch("outcome", `${what} is ${String(actual)}, expected ${String(expected)}`);
}

/** Errors of changes to memory that another thread can have. */
export function busy({ isLent }: Model): string[] {
  return isLent ? ["EBUSY"] : [];
}

/** The offset in each page of anonymous memory of the word that belongs to the other thread, if there is one. */
export const STRANGER_AT = 2048;

/** Tells whether a byte, counted from the first page, is of such a word. */
export function isStrangers(at: number): boolean {
  return at % PAGE >= STRANGER_AT && at % PAGE < STRANGER_AT + 4;
}

/** The number of pages that it has. */
export function pageCount({ access }: Model): number {
  return access.length;
}

/** Tells whether every byte of a range allows stores. */
export function isWritable(model: Model, start: number, end: number): boolean {
  return every(
    model,
    start,
    end,
    (access) => access === "read-write" || access === "copy-on-write",
  );
}

/** Tells whether every byte of a range allows loads. */
export function isReadable(model: Model, start: number, end: number): boolean {
  return every(model, start, end, (access) => access !== "none");
}

function every(
  { access }: Model,
  start: number,
  end: number,
  isSo: (access: Access) => boolean,
): boolean {
  for (let page = Math.floor(start / PAGE); page * PAGE < end; page++) {
    if (!isSo(access[page]!)) return false;
  }
  return true;
}

/** The bounds of the run of equal access around a byte. */
export function runAt({ access, skip, byteLength }: Model, at: number): [number, number] {
  let [first, last] = [Math.floor(at / PAGE), Math.floor(at / PAGE)];
  while (first > 0 && access[first - 1] === access[first]) first--;
  while (last + 1 < access.length && access[last + 1] === access[last]) last++;
  return [first * PAGE, Math.min((last + 1) * PAGE, skip + byteLength)];
}

/** Tells whether a byte is what it must be. */
export function isByte(model: Model, at: number, actual: number | undefined): boolean {
  const { source, own, file, fileOffset, copied } = model;
  if (model.hasStrangers && isStrangers(at)) return true;
  if (source === "memory" || source === "mirror") return own[at] === actual;
  const inFile = file!.bytes[fileOffset + at];
  const state = source !== "private" ? 0 : copied[Math.floor(at / PAGE)];
  return state === 0 ? inFile === actual : own[at] === actual || (state === 2 && inFile === actual);
}

/** Compares the ends and some bytes of `bytes` with the model. */
export function checkContent(model: Model, start: number, bytes: Uint8Array, what: string): void {
  const { length } = bytes;
  if (length === 0) return;
  for (let at = 0; at < length; at += PAGE) checkByte(model, start + at, bytes[at], what);
  const toPageEnd = PAGE - 1 - start % PAGE;
  if (toPageEnd < length) checkByte(model, start + toPageEnd, bytes[toPageEnd], what);
  checkByte(model, start + (length >> 1), bytes[length >> 1], what);
  checkByte(model, start + length - 1, bytes[length - 1], what);
}

function checkByte(model: Model, at: number, actual: number | undefined, what: string): void {
  if (isByte(model, at, actual)) return;
  throw new Mismatch("content", `${what} has ${actual} at byte ${at - model.skip}`);
}

/** Stores to the model. */
export function store(model: Model, start: number, bytes: Uint8Array): void {
  if (model.source === "shared") {
    model.file!.bytes.set(bytes, model.fileOffset + start);
    model.file!.isDirty = true;
    return;
  }
  if (model.source === "private") copyPages(model, start, start + bytes.length, 1);
  model.own.set(bytes, start);
  if (model.source !== "mirror") return;
  const half = model.byteLength / 2;
  for (let at = start; at < start + bytes.length; at++) {
    model.own[at < half ? at + half : at - half] = bytes[at - start]!;
  }
}

/** Notes that pages of a private mapping are its own, or can be (2). */
export function copyPages(model: Model, start: number, end: number, state: 1 | 2): void {
  if (model.source !== "private") return;
  const { copied, own, file, fileOffset } = model;
  for (let page = Math.floor(start / PAGE); page * PAGE < end; page++) {
    const from = page * PAGE;
    if (copied[page] !== 0) continue;
    const to = Math.min(from + PAGE, own.length);
    own.set(file!.bytes.subarray(fileOffset + from, fileOffset + to), from);
    copied[page] = state;
  }
}

/** Makes pages as they were mapped. */
export function reset(model: Model, start: number, end: number): void {
  if (start === end) return;
  const first = Math.floor(start / PAGE) * PAGE;
  if (model.source === "memory") model.own.fill(0, first, end);
  if (model.source === "private") {
    model.copied.fill(0, first / PAGE, Math.ceil(end / PAGE));
  }
}

/** The views whose buffers cover a byte of a range are detached. */
export function detach(slot: Slot, start: number, end: number): void {
  if (start === end) return;
  for (const kept of slot.kept) {
    if (kept.bufferStart < end && kept.bufferEnd > start) kept.isStale = true;
  }
}

/** Errors that a mapping that is closed, or whose buffer was transferred, adds. */
export function stateErrors({ model }: Slot, needsBuffers: boolean): string[] {
  if (model.isClosed) return ["EBADF"];
  return needsBuffers && model.isTransferred ? ["EBUSY"] : [];
}

/** Changes the access of the pages of a range. */
export function setAccess(
  { model: { access } }: Slot,
  start: number,
  end: number,
  change: (access: Access) => Access,
): void {
  if (start === end) return;
  for (let page = Math.floor(start / PAGE); page * PAGE < end; page++) {
    access[page] = change(access[page]!);
  }
}

/** Checks a view that was kept: its length and its content. */
export function checkKept({ view, bytes, model, start, byteLength, isStale }: Kept): void {
  equal(bytes.length, isStale ? 0 : byteLength, "The length of a kept view");
  if (isStale) {
    if (!(view instanceof DataView)) equal(view.byteLength, 0, "The byteLength of a stale view");
    equal(bytes[0], undefined, "The first byte of a stale view");
  } else if (isReadable(model, start, start + byteLength)) {
    checkContent(model, start, bytes, "A kept view");
  } else throw new Mismatch("outcome", "A view covers what cannot be stored to");
}
