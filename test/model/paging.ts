/**
 * The steps that change access and content of whole pages.
 *
 * @module
 */
import type { Access } from "../../mod.ts";
import { platform } from "../support/harness.ts";
import { bad, isNothing, pagesOf, words } from "./arguments.ts";
import { copyWritable } from "./residing.ts";
import type { TakeSlot } from "./sequence.ts";
import { busy, detach, isWritable, reset, setAccess, stateErrors } from "./world.ts";

const ACCESSES = ["none", "read", "read-write", "copy-on-write", "read-execute"] as const;

export const protect: TakeSlot = (world, slot, [, , a, b, c], name) => {
  const { model } = slot;
  const access = c % 20 === 0
    ? (c % 40 === 0 ? "write" : bad(c >> 4, slot)) as Access
    : ACCESSES[c % 5]!;
  const range = pagesOf(slot, a, b);
  const isEmpty = isNothing(range);
  const errors = [...stateErrors(slot, !isEmpty), ...range.errors];
  if (model.source === "mirror" && !isEmpty) errors.push("ENOTSUP");
  if (typeof access !== "string") errors.push("TypeError");
  else if (!ACCESSES.includes(access)) errors.push("RangeError");
  const own = model.source === "private"
    ? "copy-on-write"
    : model.source === "read-only"
    ? undefined
    : "read-write";
  const isWriting = access === "copy-on-write" || access === "read-write";
  if (isWriting && access !== own && !isEmpty) {
    errors.push(model.source === "read-only" ? "EACCES" : "RangeError");
  }
  const { byteOffset, byteLength, start, end } = range;
  const allowed = model.source !== "memory" || access === "read-execute"
    ? ["EACCES", "EINVAL"]
    : [];
  allowed.push(...busy(model));
  // protect() finds buffers that are not yet collected, having detached them.
  const looks = (c >> 7) % 2 === 0;
  if (looks && access !== own) allowed.push("EBUSY");
  let isDone = false;
  const verb = looks ? "protect" : "unsafeProtect";
  world.call(`${name}(${verb}, ${words(access)}, ${words(byteOffset, byteLength)})`, errors, () => {
    slot.mmap[verb](access, byteOffset as number, byteLength as number);
    isDone = true;
  }, allowed);
  // While it is lent only the views tell whether it was busy by that.
  const areThere = slot.kept.every(({ bytes, isStale }) => isStale || bytes.length > 0);
  if (errors.length > 0 || (world.wasBusy && (!looks || (model.isLent && areThere)))) return;
  detach(slot, start, end);
  if (!isDone) return;
  setAccess(slot, start, end, () => access);
  // Linux copies locked pages that can be stored to from then on.
  if (model.wasLocked) copyWritable(model, start, end);
};

export const commit: TakeSlot = (world, slot, [, , a, b], name) => {
  const range = pagesOf(slot, a, b, true);
  const { byteOffset, byteLength, start, end } = range;
  const errors = [...range.errors, ...stateErrors(slot, false)];
  if (slot.model.source !== "memory" && !isNothing(range)) errors.push("ENOTSUP");
  world.call(`${name}(${words(byteOffset, byteLength)})`, errors, () => {
    slot.mmap.commit(byteOffset as number, byteLength as number);
  }, busy(slot.model));
  if (errors.length > 0 || world.wasBusy) return;
  setAccess(slot, start, end, (access) => access === "none" ? "read-write" : access);
};

export const decommit: TakeSlot = (world, slot, [, , a, b], name) => {
  const range = pagesOf(slot, a, b, true);
  const { byteOffset, byteLength, start, end } = range;
  const errors = [...range.errors, ...stateErrors(slot, !isNothing(range))];
  if (slot.model.source !== "memory" && !isNothing(range)) errors.push("ENOTSUP");
  world.call(`${name}(${words(byteOffset, byteLength)})`, errors, () => {
    slot.mmap.decommit(byteOffset as number, byteLength as number);
  }, busy(slot.model));
  if (errors.length > 0 || world.wasBusy) return;
  detach(slot, start, end);
  setAccess(slot, start, end, () => "none");
  reset(slot.model, start, end);
};

export const discard: TakeSlot = (world, slot, [, , a, b], name) => {
  const range = pagesOf(slot, a, b);
  const { byteOffset, byteLength, start, end } = range;
  const errors = [...range.errors, ...stateErrors(slot, false)];
  const isRefused = slot.model.source === "shared" || slot.model.source === "mirror";
  if (isRefused && !isNothing(range)) errors.push("ENOTSUP");
  const isDenied = !isNothing(range) && !isWritable(slot.model, start, end);
  if (errors.length === 0 && isDenied) errors.push("EACCES");
  // Windows and macOS have no call by which private memory of a file is the file's again.
  const allowed = slot.model.source === "private" && platform !== "linux" ? ["ENOTSUP"] : [];
  let isDone = false;
  world.call(`${name}(${words(byteOffset, byteLength)})`, errors, () => {
    slot.mmap.discard(byteOffset as number, byteLength as number);
    isDone = true;
  }, allowed);
  if (isDone) reset(slot.model, start, end);
};
