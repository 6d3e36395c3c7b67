/**
 * The step of resize().
 *
 * @module
 */
import type { Access } from "../../mod.ts";
import { bad, countErrors, words } from "./arguments.ts";
import type { TakeSlot } from "./sequence.ts";
import { busy, detach, isReadable, type Model, PAGE, stateErrors } from "./world.ts";

export const resize: TakeSlot = (world, slot, [, , a, b], name) => {
  const { mmap, model } = slot;
  // What is locked can be refused for the limit of locked memory.
  if (model.wasLocked) return;
  const byteLength = a % 8 === 0 ? bad(b, slot) : a % 8 === 1 ? 0 : 1 + (a * 41 + b) % (6 * PAGE);
  const errors = countErrors(byteLength);
  const isLonger = errors.length === 0 && (byteLength as number) > model.byteLength;
  errors.push(...stateErrors(slot, true));
  const { source, access: [access], guards: [guard] } = model;
  if (byteLength === 0) errors.push("RangeError");
  if (guard > 0 || source === "mirror") errors.push("ENOTSUP");
  if (model.access.some((other) => other !== access)) errors.push("EACCES");
  const isNamed = source === "shared" && model.file!.fd === -1;
  if (isLonger && (source === "private" || source === "read-only" || isNamed)) {
    errors.push("ENOTSUP");
  }
  // What is behind the last byte, and comes to light then, cannot be read now.
  if (isLonger && access === "none" && model.byteLength % PAGE > 0) return;
  // Where an advice keeps it from moving, it cannot be copied; and a descriptor cannot always be opened again.
  const allowed = access === "none"
    ? ["EACCES"]
    : isLonger && source === "shared"
    ? ["ENOTSUP"]
    : [];
  allowed.push(...busy(model));
  let isDone = false;
  world.call(`${name}(${words(byteLength)})`, errors, () => {
    mmap.resize(byteLength as number);
    isDone = true;
  }, allowed);
  if (errors.length === 0 && !world.wasBusy) detach(slot, 0, model.own.length);
  if (!isDone) return;
  const resized = resizedTo(model, byteLength as number, access!);
  // Of the last page there was more than could be reached.
  const end = Math.min(byteLength as number, Math.ceil(model.byteLength / PAGE) * PAGE);
  if (source === "memory" && end > model.byteLength && isReadable(resized, 0, end)) {
    mmap.read(resized.own.subarray(model.byteLength, end), model.byteLength);
  }
  world.slots[world.slots.indexOf(slot)] = { mmap, model: resized, kept: slot.kept };
};

/** The model of a mapping once it is longer or shorter; its file is as long as it must be. */
function resizedTo(model: Model, byteLength: number, access: Access): Model {
  const { skip, file, fileOffset, source } = model;
  const length = skip + byteLength;
  const pages = Math.ceil(length / PAGE);
  const [own, copied] = [new Uint8Array(length), new Uint8Array(pages)];
  own.set(model.own.subarray(0, length));
  copied.set(model.copied.subarray(0, pages));
  if (source === "shared" && fileOffset + length > file!.bytes.length) {
    const longer = new Uint8Array(fileOffset + length);
    longer.set(file!.bytes);
    file!.bytes = longer;
    file!.isDirty = true;
  }
  return { ...model, byteLength, access: Array.from({ length: pages }, () => access), own, copied };
}
