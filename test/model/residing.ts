/**
 * The steps of what is in RAM: advice, locks, prefault().
 *
 * @module
 */
import type { Mmap } from "../../mod.ts";
import { bad, bytesOf, type Errors, pagesOf, throws, withGetter, words } from "./arguments.ts";
import type { Step, World } from "./sequence.ts";
import {
  copyPages,
  equal,
  isReadable,
  isWritable,
  type Model,
  PAGE,
  reset,
  type Slot,
  stateErrors,
  store,
  Thrown,
} from "./world.ts";

type Advice = Parameters<Mmap["advise"]>[0];

const HARMLESS: readonly Advice[] = [
  "normal",
  "random",
  "sequential",
  "will-need",
  "cold",
  "huge-page",
  "no-huge-page",
  "unmergeable",
  "dont-dump",
  "do-dump",
  "dont-fork",
  "do-fork",
  "wipe-on-fork",
  "keep-on-fork",
  "populate-read",
  "free-reuse",
  "zero-wired-pages",
];
const RARE: readonly Advice[] = ["page-out", "collapse", "mergeable"];
const CHANGING: readonly Advice[] = [
  "dont-need",
  "dont-need-locked",
  "free",
  "free-reusable",
  "remove",
];

/** Errors of systems for an advice that is not for this memory. */
const REFUSALS: Errors = [
  "EINVAL",
  "ENOTSUP",
  "EOPNOTSUPP",
  "EACCES",
  "EFAULT",
  "ENOMEM",
  "EBUSY",
  "EAGAIN",
  "EPERM",
  "EBADF",
];

export function advise(world: World, slot: Slot, [, , a, b, c]: Step, name: string): void {
  const { mmap, model } = slot;
  const errors = stateErrors(slot, false);
  if (c % 16 === 0) {
    const advice = (c % 32 === 0 ? "be-quick" : bad(a, slot)) as Advice;
    errors.push(typeof advice === "string" ? "RangeError" : "TypeError");
    world.call(`${name}(bad)`, errors, () => mmap.advise(advice));
    return;
  }
  if (c % 4 === 1) return adviseChange(world, slot, a, b, c >> 2, name);
  const advice = c % 64 === 2
    ? RARE[a % RARE.length]!
    : c % 16 === 3
    ? "populate-write"
    : HARMLESS[(c >> 2) % HARMLESS.length]!;
  const range = bytesOf(slot, a, b);
  errors.push(...range.errors);
  const { byteOffset, byteLength, start, end } = range;
  const allowed = errors.length === 0 ? REFUSALS : [];
  if (advice === "populate-write" && errors.length === 0) copyWritable(model, start, end);
  world.call(`${name}(${advice}, ${words(byteOffset)}, ${words(byteLength)})`, errors, () => {
    mmap.advise(advice, byteOffset as number, byteLength as number);
  }, allowed);
}

/** Advice that may change content. */
function adviseChange(
  world: World,
  slot: Slot,
  a: number,
  b: number,
  c: number,
  name: string,
): void {
  const { mmap, model } = slot;
  const advice = CHANGING[c % CHANGING.length]!;
  // With locked pages it can fail half-way: what is in the others nobody knows then.
  if (model.wasLocked) return;
  const range = pagesOf(slot, a, b);
  const { byteOffset, byteLength, start, end } = range;
  const errors = [...stateErrors(slot, false), ...range.errors];
  const isGood = errors.length === 0;
  if (advice.startsWith("free") && (!isGood || !isWritable(model, start, end))) return;
  let isDone = false;
  world.call(`${name}(${advice}, ${words(byteOffset)}, ${words(byteLength)})`, errors, () => {
    mmap.advise(advice, byteOffset as number, byteLength as number);
    isDone = true;
  }, isGood ? REFUSALS : []);
  if (!isDone) return;
  if (advice.startsWith("dont-need")) reset(model, start, end);
  else if (advice === "remove" && model.source === "mirror") {
    const first = Math.floor(start / PAGE) * PAGE;
    store(model, first, new Uint8Array(Math.ceil(end / PAGE) * PAGE - first));
  } else if (advice === "remove") {
    const { file, fileOffset } = model;
    const first = fileOffset + Math.floor(start / PAGE) * PAGE;
    const last = fileOffset + Math.ceil(end / PAGE) * PAGE;
    file!.bytes.fill(0, first, last);
    file!.isDirty = true;
  } else {
    // What it is now nobody knows: it is stored to.
    const from = Math.max(start, model.skip);
    const zeros = new Uint8Array(end - from);
    mmap.write(zeros, from - model.skip);
    store(model, from, zeros);
  }
}

/** Writable pages of a private mapping can be copied by what stores to them. */
export function copyWritable(model: Model, start: number, end: number): void {
  for (let page = Math.floor(start / PAGE); page * PAGE < end; page++) {
    const to = Math.min((page + 1) * PAGE, model.own.length);
    if (isWritable(model, page * PAGE, to)) copyPages(model, page * PAGE, to, 2);
  }
}

export function lock(world: World, slot: Slot, [, , a, b]: Step, name: string): void {
  const { mmap, model } = slot;
  const range = bytesOf(slot, a, b);
  const errors = [...stateErrors(slot, false), ...range.errors];
  const { byteOffset, byteLength, start, end } = range;
  if (errors.length === 0) {
    if (isReadable(model, start, end)) {
      model.wasLocked = true;
      copyWritable(model, start, end);
    } else errors.push("EACCES");
  }
  world.call(
    `${name}(${words(byteOffset)}, ${words(byteLength)})`,
    errors,
    () => mmap.lock(byteOffset as number, byteLength as number),
    errors.length === 0 ? ["ENOMEM", "EAGAIN", "EPERM", ...lostErrors(world, model)] : [],
  );
}

/** The errors of a page that its file has lost, seen by a view or not. */
function lostErrors({ files }: World, { file }: Model): string[] {
  return file !== undefined && file === files.fragile ? ["EFAULT"] : [];
}

export function unlock(world: World, slot: Slot, [, , a, b]: Step, name: string): void {
  const range = bytesOf(slot, a, b);
  const { byteOffset, byteLength } = range;
  world.call(
    `${name}(${words(byteOffset)}, ${words(byteLength)})`,
    [...stateErrors(slot, false), ...range.errors],
    () => slot.mmap.unlock(byteOffset as number, byteLength as number),
  );
}

export function resident(world: World, slot: Slot, [, , a, b]: Step, name: string): void {
  const { byteOffset, byteLength, start, end, errors } = bytesOf(slot, a, b);
  errors.push(...stateErrors(slot, false));
  const count = world.call(
    `${name}(${words(byteOffset)}, ${words(byteLength)})`,
    errors,
    () => slot.mmap.resident(byteOffset as number, byteLength as number),
  );
  if (count === undefined) return;
  equal(count % PAGE, 0, "resident() beyond whole pages");
  const most = (Math.ceil(end / PAGE) - Math.floor(start / PAGE)) * PAGE;
  equal(count >= 0 && count <= most, true, `resident() of ${count} bytes within ${most}`);
}

export async function prefault(
  world: World,
  slot: Slot,
  [, , a, b, c]: Step,
  name: string,
): Promise<void> {
  const { mmap, model } = slot;
  const range = bytesOf(slot, a, b);
  const errors = [...stateErrors(slot, false), ...range.errors];
  let options: unknown = { byteOffset: range.byteOffset, byteLength: range.byteLength };
  switch (c % 12) {
    case 0:
      options = bad(a, slot);
      errors.push("TypeError");
      // Functions and arrays are objects without options.
      if (Array.isArray(options) || typeof options === "object") return;
      break;
    case 1:
      options = withGetter("byteOffset", throws);
      errors.push("Thrown");
      break;
    case 2:
      options = { signal: { aborted: true, reason: new Thrown("aborted") } };
      errors.push("Thrown");
      if (!isReadable(model, model.skip, model.own.length)) errors.push("EACCES");
      break;
    case 3:
      options = { onProgress: 1 };
      errors.push("TypeError");
      break;
    case 4:
      if (model.isTransferred || model.isClosed) return;
      options = withGetter("byteOffset", () => mmap.unmap());
      errors.length = 0;
      errors.push("EBADF");
      model.isClosed = true;
      for (const kept of slot.kept) kept.isStale = true;
  }
  if (errors.length === 0 && !isReadable(model, range.start, range.end)) errors.push("EACCES");
  world.trace?.(`${name}(…)`);
  // How it ends is asked of a call, as of all others.
  const end = await mmap.prefault(options as Record<string, never>).then(
    () => () => {},
    (error: unknown) => () => {
      throw error;
    },
  );
  world.call(name, errors, end);
}
