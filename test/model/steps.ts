/**
 * The steps: each makes one call of the library, good or bad, and does to the
 * model what the documentation says.
 *
 * @module
 */
import { inspect } from "node:util";
import {
  allocationGranularity,
  maxViewByteLength,
  Mmap,
  MmapOptions,
  pageSize,
} from "../../mod.ts";
import { bad, judged, words } from "./arguments.ts";
import { copy, flush } from "./copying.ts";
import { create } from "./creating.ts";
import { list } from "./listing.ts";
import { options } from "./options.ts";
import { commit, decommit, discard, protect } from "./paging.ts";
import { badRaw, pin, raw, unmap } from "./releasing.ts";
import { resize } from "./resizing.ts";
import { remove } from "./names.ts";
import { advise, lock, prefault, resident, unlock } from "./residing.ts";
import { search } from "./searching.ts";
import type { Take, TakeSlot, World } from "./sequence.ts";
import { badTicket, share } from "./sharing.ts";
import { lend, recall } from "./stranger.ts";
import { takeLost, truncate } from "./truncating.ts";
import { arrayBuffer, bytes, load, storeKept, transfer, view } from "./viewing.ts";
import { flushAsync, notify, wait, waitAsync } from "./waiting.ts";
import {
  checkContent,
  checkKept,
  equal,
  GRANULE,
  isByte,
  Mismatch,
  PAGE,
  runAt,
  type Slot,
  stateErrors,
} from "./world.ts";

/** Takes a step where the slot is filled, and compares afterwards; fills it where it is empty. */
function inSlot(take: TakeSlot): Take {
  return (world, index, step) => {
    const slot = world.slots[index];
    if (slot === undefined) {
      create(world, index, step);
      return;
    }
    const { model } = slot;
    const name = `slot ${index}.${step[0]}`;
    if (model.lost !== undefined && !model.isClosed && step[0] !== "unmap") {
      return takeLost(world, slot, step, name);
    }
    const pending = take(world, slot, step, name);
    if (pending !== undefined) return pending.then(() => checkState(slot, step[3]));
    if (world.slots[index] === slot && model.lost === undefined) checkState(slot, step[3]);
  };
}

const spot = new Uint8Array(1);

/** A failed call must have changed nothing, and any other what it says. */
function checkState({ mmap, model }: Slot, n: number): void {
  equal(mmap.closed, model.isClosed, "closed");
  equal(mmap.byteLength, model.isClosed ? 0 : model.byteLength, "byteLength");
  if (model.isClosed) return;
  const at = n % model.byteLength;
  const inPages = model.skip + at;
  const access = model.access[Math.floor(inPages / PAGE)]!;
  equal(mmap.accessAt(at), access, `accessAt(${at})`);
  if (access === "none") return;
  mmap.read(spot, at);
  if (isByte(model, inPages, spot[0])) return;
  throw new Mismatch("content", `read() gives ${spot[0]} at byte ${at}`);
}

/** Compares all there is. */
function check(_world: World, { mmap, model, kept }: Slot): void {
  for (const view of kept) checkKept(view);
  if (model.isClosed) {
    equal(mmap.address, 0n, "The address of a closed mapping");
    return;
  }
  for (let page = 0; page < model.access.length; page++) {
    const start = Math.max(page * PAGE, model.skip);
    const end = Math.min((page + 1) * PAGE, model.skip + model.byteLength);
    if (end <= start) continue;
    equal(mmap.accessAt(start - model.skip), model.access[page], `The access of page ${page}`);
    if (model.access[page] === "none") continue;
    const copy = new Uint8Array(end - start);
    mmap.read(copy, start - model.skip);
    checkContent(model, start, copy, `Page ${page}`);
  }
}

const inspection: TakeSlot = (world, slot, [, , a], name) => {
  const { mmap, model } = slot;
  const closed = stateErrors(slot, false);
  world.call(`${name}: address`, [], () => mmap.address);
  equal(mmap.isEmpty, model.isClosed, "isEmpty");
  world.call(`${name}: pointer`, closed, () => mmap.pointer);
  const isMixed = runAt(model, 0)[1] < model.skip + model.byteLength;
  const access = world.call(`${name}: access`, closed, () => mmap.access);
  if (access !== undefined) equal(access, isMixed ? "mixed" : model.access[0], "access");
  world.call(`${name}: truncated`, closed, () => equal(mmap.truncated, false, "truncated"));
  world.call(`${name}: truncationGuarded`, closed, () => mmap.truncationGuarded);
  if (a % 8 === 0) world.call(`${name}: inspect`, [], () => inspect(mmap));
  const offset = a % 4 === 0 ? bad(a >> 2, slot) : a % (model.byteLength + 2);
  const errors = judged(model, offset, 1, false).errors;
  if (offset === undefined) errors.push("TypeError");
  world.call(
    `${name}: accessAt(${words(offset)})`,
    [...closed, ...errors],
    () => mmap.accessAt(offset as number),
  );
  world.call(
    `${name}: pointerAt(${words(offset)})`,
    [...closed, ...errors],
    () => mmap.pointerAt(offset as number),
  );
};

/** Calls for a range of no byte, of any access and kind of memory: they do nothing. */
const nothing: TakeSlot = (world, slot, [, , a, b], name) => {
  const { mmap, model: { byteLength } } = slot;
  const at = [0, byteLength][b % 2]!;
  const calls: readonly (() => void)[] = [
    () => mmap.protect("none", at, 0),
    () => mmap.commit(at, 0),
    () => mmap.decommit(at, 0),
    () => mmap.discard(at, 0),
    () => mmap.flush(at, 0),
    () => mmap.startFlush(at, 0),
    () => mmap.advise("dont-need", at, 0),
    () => mmap.advise("normal", a % (byteLength + 1), 0),
    () => mmap.lock(a % (byteLength + 1), 0),
    () => mmap.unlock(at, 0),
    () => equal(mmap.resident(at, 0), 0, "resident() of nothing"),
    () => mmap.read(new Uint8Array(0), at),
  ];
  const call = calls[a % calls.length]!;
  world.call(`${name}: ${String(call)}`, stateErrors(slot, false), call);
};

const METHODS = [
  "unmap",
  "flush",
  "startFlush",
  "intoRaw",
  "discard",
  "protect",
  "commit",
  "decommit",
  "lock",
  "unlock",
  "resident",
  "accessAt",
  "view",
  "wait",
  "notify",
  "indexOf",
  "lastIndexOf",
  "count",
  "split",
] as const;

/** Calls with another receiver, and of the constructor. */
const receiver: Take = (world, _index, [, , a, b]) => {
  const name = METHODS[a % METHODS.length]!;
  const other = [{}, undefined, null, Mmap.prototype, 1][b % 5];
  // deno-lint-ignore no-explicit-any
  const method = Mmap.prototype[name] as any;
  const first = name === "view" ? Uint8Array : name === "protect" ? "read" : 0;
  world.call(`${name}.call(…)`, ["TypeError"], () => method.call(other, first, PAGE));
  // deno-lint-ignore no-explicit-any
  world.call("new Mmap()", ["TypeError"], () => new (Mmap as any)());
  const { mapAnon } = MmapOptions.prototype;
  world.call("mapAnon.call(…)", ["TypeError"], () => mapAnon.call(other as MmapOptions));
};

const sizes: Take = (world) => {
  equal(world.call("pageSize", [], pageSize), PAGE, "pageSize()");
  equal(world.call("granularity", [], allocationGranularity), GRANULE, "allocationGranularity()");
  world.call("maxViewByteLength", [], maxViewByteLength);
};

const collect: Take = (world) => world.collect();

/** Every step, and how often it is taken. */
export const STEPS: Readonly<Record<string, { readonly weight: number; readonly take: Take }>> = {
  create: { weight: 16, take: create },
  options: { weight: 3, take: options },
  view: { weight: 14, take: inSlot(view) },
  arrayBuffer: { weight: 4, take: inSlot(arrayBuffer) },
  bytes: { weight: 4, take: inSlot(bytes) },
  load: { weight: 4, take: inSlot(load) },
  storeKept: { weight: 5, take: inSlot(storeKept) },
  protect: { weight: 8, take: inSlot(protect) },
  commit: { weight: 4, take: inSlot(commit) },
  decommit: { weight: 4, take: inSlot(decommit) },
  discard: { weight: 4, take: inSlot(discard) },
  resize: { weight: 3, take: inSlot(resize) },
  read: { weight: 5, take: inSlot(copy) },
  write: { weight: 6, take: inSlot(copy) },
  indexOf: { weight: 2, take: inSlot(search) },
  lastIndexOf: { weight: 1, take: inSlot(search) },
  count: { weight: 1, take: inSlot(search) },
  split: { weight: 1, take: inSlot(search) },
  flush: { weight: 2, take: inSlot(flush) },
  startFlush: { weight: 2, take: inSlot(flush) },
  advise: { weight: 4, take: inSlot(advise) },
  lock: { weight: 1, take: inSlot(lock) },
  unlock: { weight: 2, take: inSlot(unlock) },
  resident: { weight: 2, take: inSlot(resident) },
  prefault: { weight: 1, take: inSlot(prefault) },
  wait: { weight: 3, take: inSlot(wait) },
  notify: { weight: 2, take: inSlot(notify) },
  waitAsync: { weight: 2, take: inSlot(waitAsync) },
  flushAsync: { weight: 1, take: inSlot(flushAsync) },
  raw: { weight: 2, take: inSlot(raw) },
  pin: { weight: 2, take: inSlot(pin) },
  badRaw: { weight: 1, take: badRaw },
  unmap: { weight: 6, take: inSlot(unmap) },
  removeShared: { weight: 2, take: remove },
  drop: { weight: 3, take: (world, index) => world.drop(index) },
  transfer: { weight: 2, take: inSlot(transfer) },
  nothing: { weight: 2, take: inSlot(nothing) },
  inspection: { weight: 3, take: inSlot(inspection) },
  truncate: { weight: 6, take: inSlot(truncate) },
  large: { weight: 1, take: (world, _index, step) => world.large.take(world, step) },
  engine: { weight: 3, take: (world, _index, step) => world.engine.take(world, step) },
  share: { weight: 3, take: inSlot(share) },
  lend: { weight: 0, take: inSlot(lend) },
  recall: { weight: 0, take: inSlot(recall) },
  badTicket: { weight: 1, take: badTicket },
  receiver: { weight: 1, take: receiver },
  sizes: { weight: 1, take: sizes },
  check: { weight: 2, take: inSlot(check) },
  list: { weight: 1, take: list },
  collect: { weight: 0, take: collect },
};
