/**
 * A file that is truncated while it is mapped, and the calls of such memory.
 * Where nothing guards it, nobody looks at its views any more.
 *
 * @module
 */
import { ftruncateSync } from "node:fs";
import { platform } from "../support/harness.ts";
import { pagesOf } from "./arguments.ts";
import { commit, decommit, protect } from "./paging.ts";
import { lock, resident, unlock } from "./residing.ts";
import type { TakeSlot, World } from "./sequence.ts";
import {
  checkContent,
  equal,
  isReadable,
  isWritable,
  type Kept,
  type Lost,
  type Model,
  PAGE,
  reset,
  runAt,
  type Slot,
  store,
} from "./world.ts";

/** Truncates the file of a slot, where it is the one for that. */
export const truncate: TakeSlot = (world, slot, [, , a]) => {
  const { mmap, model } = slot;
  const { file } = model;
  const isMeant = platform === "linux" && file === world.files.fragile;
  if (!isMeant || model.isClosed || model.isTransferred) return;
  const isGuarded = mmap.truncationGuarded;
  const length = a % file.bytes.length;
  world.trace?.(`truncate to ${length}, ${isGuarded ? "" : "not "}guarded`);
  ftruncateSync(file.fd, length);
  file.bytes.fill(0, length);
  file.isDirty = true;
  const from = Math.max(0, Math.ceil((length - model.fileOffset) / PAGE) * PAGE);
  model.lost = { from, isGuarded, isRefused: false, isReplaced: false, isStoredTo: false };
};

/** Calls that work as before, because they look at no page. */
const AS_BEFORE: Readonly<Record<string, TakeSlot>> = {
  protect,
  commit,
  decommit,
  lock,
  unlock,
  resident,
};

/** Takes a step where the file was truncated. */
export const takeLost: TakeSlot = (world, slot, step, name) => {
  const { mmap, model } = slot;
  const [verb, , a, b, c] = step;
  const lost = model.lost!;
  switch (verb) {
    case "read":
    case "write":
      copyLost(world, slot, verb, a, b, c, name);
      break;
    case "flush":
    case "startFlush":
      // All is flushed, and then it says that something is lost.
      world.call(
        name,
        lost.isReplaced && model.source === "shared" ? ["EFAULT"] : [],
        () => mmap[verb](),
      );
      break;
    case "view":
    case "bytes":
      viewLost(world, slot, verb, a, b, name);
      break;
    case "load":
    case "check":
      if (lost.isGuarded) { for (const kept of slot.kept) loadLost(kept, lost); }
      break;
    case "storeKept":
      storeLost(slot, a, c);
      break;
    case "discard": {
      const { byteOffset, byteLength, start, end, errors } = pagesOf(slot, a, b);
      if (model.source === "shared") errors.push("ENOTSUP");
      if (errors.length === 0 && !isWritable(model, start, end)) errors.push("EACCES");
      let isDone = false;
      const discard = () => {
        mmap.discard(byteOffset as number, byteLength as number);
        isDone = true;
      };
      world.call(name, errors, discard, perhapsLost(lost, end));
      if (isDone) reset(model, start, end);
      break;
    }
    case "resize":
      // What is not known to be lost can be resized, and then comes back.
      if (!lost.isReplaced) break;
      world.call(name, ["EFAULT", "EACCES", "ENOTSUP"], () => mmap.resize(1 + a % (4 * PAGE)));
      break;
    default:
      AS_BEFORE[verb]?.(world, slot, step, name);
  }
  equal(mmap.byteLength, model.byteLength, "byteLength where the file was truncated");
  if (verb === "lock") lost.isRefused ||= mmap.truncated; // where a kernel locks no page that is lost
  equal(mmap.truncated, lost.isRefused || lost.isReplaced, "truncated");
  equal(mmap.lostByteLength > 0, lost.isReplaced, "lostByteLength");
  equal(mmap.truncationGuarded, lost.isGuarded, "truncationGuarded where the file was truncated");
};

/** The error of a call for bytes up to `end`, where the guard has replaced one of them. */
function perhapsLost({ from, isReplaced }: Lost, end: number): string[] {
  return isReplaced && end > from ? ["EFAULT"] : [];
}

/** Some bytes, from the first page. */
function rangeOf({ byteLength, skip }: Model, a: number, b: number): [number, number] {
  const at = (a * 37) % byteLength;
  return [skip + at, skip + at + 1 + (b * 53) % (byteLength - at)];
}

function copyLost(
  world: World,
  { mmap, model }: Slot,
  verb: "read" | "write",
  a: number,
  b: number,
  c: number,
  name: string,
): void {
  const lost = model.lost!;
  let [start, end] = rangeOf(model, a, b);
  // Nobody knows how much was stored, without a guard or where a part is known to be lost.
  const isUnknown = !lost.isGuarded || lost.isReplaced;
  if (verb === "write" && isUnknown && start < lost.from) end = Math.min(end, lost.from);
  const isAllowed = (verb === "read" ? isReadable : isWritable)(model, start, end);
  const isHit = isAllowed && end > lost.from;
  const errors = isAllowed ? isHit ? ["EFAULT"] : [] : ["EACCES"];
  const bytes = new Uint8Array(end - start).fill(verb === "write" ? c : 0);
  world.call(`${name}(${bytes.length} bytes, ${start - model.skip})`, errors, () => {
    mmap[verb](bytes, start - model.skip);
  });
  if (isHit) lost.isRefused = true;
  if (verb === "read" && errors.length === 0) checkContent(model, start, bytes, "What was read");
  if (verb === "write" && (isHit || errors.length === 0) && start < lost.from) {
    store(model, start, bytes.subarray(0, lost.from - start));
  }
}

function viewLost(
  world: World,
  slot: Slot,
  verb: "view" | "bytes",
  a: number,
  b: number,
  name: string,
): void {
  const { mmap, model } = slot;
  const lost = model.lost!;
  if (!lost.isGuarded) return;
  const { skip, byteLength } = model;
  const [start, end] = verb === "view" ? rangeOf(model, a, b) : [skip, skip + byteLength];
  const bytes = world.call(
    name,
    isWritable(model, start, end) ? [] : ["EACCES"],
    () => verb === "view" ? mmap.view(Uint8Array, start - skip, end - start) : mmap.bytes,
    perhapsLost(lost, end),
  );
  if (bytes === undefined) return;
  const [bufferStart, bufferEnd] = runAt(model, start);
  const kept = {
    view: bytes,
    bytes,
    model,
    start,
    byteLength: end - start,
    bufferStart,
    bufferEnd,
  };
  world.keep({ ...kept, isStale: false }, slot);
  loadLost(slot.kept.at(-1)!, lost);
}

/** Checks a view that is guarded: what is lost is zero, until something is stored to it. */
function loadLost({ bytes, model, start, byteLength, isStale }: Kept, lost: Lost): void {
  equal(bytes.length, isStale ? 0 : byteLength, "The length of a view of a truncated file");
  if (isStale) return;
  const intact = Math.max(0, Math.min(byteLength, lost.from - start));
  checkContent(model, start, bytes.subarray(0, intact), "A view of a truncated file");
  if (intact === byteLength) return;
  lost.isReplaced = true;
  for (const at of [intact, byteLength - 1]) {
    if (lost.isStoredTo) void bytes[at];
    else equal(bytes[at], 0, "A byte that the file lost");
  }
}

function storeLost({ kept }: Slot, a: number, c: number): void {
  const chosen = kept[a % kept.length];
  if (chosen === undefined || chosen.isStale) return;
  const { bytes, model, start, byteLength } = chosen;
  const lost = model.lost!;
  if (!lost.isGuarded) return;
  bytes.fill(c);
  const intact = Math.max(0, Math.min(byteLength, lost.from - start));
  store(model, start, new Uint8Array(intact).fill(c));
  if (intact < byteLength) lost.isReplaced = lost.isStoredTo = true;
}
