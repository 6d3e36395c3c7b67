/**
 * The steps that change access and content of whole pages.
 *
 * @module
 */
import type { Access } from "../../mod.ts";
import { platform } from "../harness.ts";
import { bad, countErrors, pagesOf, words } from "./arguments.ts";
import type { TakeSlot } from "./sequence.ts";
import {
  detach,
  isReadable,
  isWritable,
  type Model,
  PAGE,
  reset,
  setAccess,
  stateErrors,
} from "./world.ts";

const ACCESSES = ["none", "read", "read-write", "copy-on-write", "read-execute"] as const;

export const protect: TakeSlot = (world, slot, [, , a, b, c], name) => {
  const { model } = slot;
  const access = c % 20 === 0
    ? (c % 40 === 0 ? "write" : bad(c >> 4, slot)) as Access
    : ACCESSES[c % 5]!;
  const range = pagesOf(slot, a, b);
  const errors = [...stateErrors(slot, true), ...range.errors];
  if (typeof access !== "string") errors.push("TypeError");
  else if (!ACCESSES.includes(access)) errors.push("RangeError");
  const own = model.source === "private" ? "copy-on-write" : "read-write";
  if ((access === "copy-on-write" || access === "read-write") && access !== own) {
    errors.push("RangeError");
  }
  const { byteOffset, byteLength, start, end } = range;
  const allowed = model.source !== "memory" || access === "read-execute"
    ? ["EACCES", "EINVAL"]
    : [];
  let isDone = false;
  world.call(`${name}(${words(access)}, ${words(byteOffset, byteLength)})`, errors, () => {
    slot.mmap.protect(access, byteOffset as number, byteLength as number);
    isDone = true;
  }, allowed);
  if (errors.length > 0) return;
  detach(slot, start, end);
  if (isDone) setAccess(slot, start, end, () => access);
};

export const commit: TakeSlot = (world, slot, [, , a, b], name) => {
  const { byteOffset, byteLength, start, end, errors } = pagesOf(slot, a, b, true);
  errors.push(...stateErrors(slot, false));
  if (slot.model.source !== "memory") errors.push("ENOTSUP");
  world.call(`${name}(${words(byteOffset, byteLength)})`, errors, () => {
    slot.mmap.commit(byteOffset as number, byteLength as number);
  });
  if (errors.length > 0) return;
  setAccess(slot, start, end, (access) => access === "none" ? "read-write" : access);
};

export const decommit: TakeSlot = (world, slot, [, , a, b], name) => {
  const { byteOffset, byteLength, start, end, errors } = pagesOf(slot, a, b, true);
  errors.push(...stateErrors(slot, true));
  if (slot.model.source !== "memory") errors.push("ENOTSUP");
  world.call(`${name}(${words(byteOffset, byteLength)})`, errors, () => {
    slot.mmap.decommit(byteOffset as number, byteLength as number);
  });
  if (errors.length > 0) return;
  detach(slot, start, end);
  setAccess(slot, start, end, () => "none");
  reset(slot.model, start, end);
};

export const discard: TakeSlot = (world, slot, [, , a, b], name) => {
  const { byteOffset, byteLength, start, end, errors } = pagesOf(slot, a, b);
  errors.push(...stateErrors(slot, false));
  if (slot.model.source === "shared") errors.push("ENOTSUP");
  if (errors.length === 0 && !isWritable(slot.model, start, end)) errors.push("EACCES");
  // Windows has no call by which private memory of a file is the file's again.
  const allowed = slot.model.source === "private" && platform === "win32" ? ["ENOTSUP"] : [];
  let isDone = false;
  world.call(`${name}(${words(byteOffset, byteLength)})`, errors, () => {
    slot.mmap.discard(byteOffset as number, byteLength as number);
    isDone = true;
  }, allowed);
  if (isDone) reset(slot.model, start, end);
};

/** resize() of anonymous memory. */
export const resize: TakeSlot = (world, slot, [, , a, b], name) => {
  const { mmap, model } = slot;
  // What is locked can be refused for the limit of locked memory.
  if (model.source !== "memory" || model.wasLocked) return;
  const byteLength = a % 8 === 0 ? bad(b, slot) : a % 8 === 1 ? 0 : 1 + (a * 41 + b) % (6 * PAGE);
  const errors = countErrors(byteLength);
  if (byteLength === 0) errors.push("RangeError");
  errors.push(...stateErrors(slot, true));
  const [access] = model.access;
  if (model.access.some((other) => other !== access)) errors.push("EACCES");
  let isDone = false;
  world.call(`${name}(${words(byteLength)})`, errors, () => {
    mmap.resize(byteLength as number);
    isDone = true;
  }, access === "none" ? ["EACCES"] : []); // where an advice keeps it from moving, it cannot be copied
  if (errors.length === 0) detach(slot, 0, model.own.length);
  if (!isDone) return;
  const length = byteLength as number;
  const resized: Model = {
    ...model,
    byteLength: length,
    access: Array.from({ length: Math.ceil(length / PAGE) }, () => access!),
    own: new Uint8Array(length),
    copied: new Uint8Array(Math.ceil(length / PAGE)),
  };
  resized.own.set(model.own.subarray(0, length));
  // Of the last page there was more than could be reached.
  const end = Math.min(length, Math.ceil(model.byteLength / PAGE) * PAGE);
  if (end > model.byteLength && isReadable(resized, 0, length)) {
    mmap.read(resized.own.subarray(model.byteLength, end), model.byteLength);
  }
  world.slots[world.slots.indexOf(slot)] = { mmap, model: resized, kept: slot.kept };
};
