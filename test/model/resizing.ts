/**
 * The step of resize().
 *
 * @module
 */
import type { Access } from "../../mod.ts";
import { platform } from "../support/harness.ts";
import { bad, countErrors, words } from "./arguments.ts";
import type { TakeSlot } from "./sequence.ts";
import { busy, detach, isReadable, type Model, PAGE, stateErrors } from "./world.ts";

export const resize: TakeSlot = (world, slot, [, , a, b], name) => {
  const { mmap, model } = slot;
  // What is locked can be refused for the limit of locked memory.
  if (model.wasLocked) return;
  const isInPlace = model.capacity > 0;
  const most = isInPlace ? Math.min(40 * PAGE, model.capacity) : 6 * PAGE;
  const given = a % 8 === 0
    ? bad(b, slot)
    : a % 8 === 1
    ? (isInPlace ? model.capacity + 1 : 0)
    : 1 + (a * 41 + b) % most;
  const byteLength = given === undefined ? lengthInFile(model) : given;
  const errors = byteLength === undefined ? ["ENOTSUP"] : countErrors(byteLength);
  const isCount = errors.length === 0;
  const isLonger = isCount && (byteLength as number) > model.byteLength;
  errors.push(...stateErrors(slot, !isInPlace || !isLonger));
  if (byteLength === 0) errors.push("RangeError");
  const outcome = !isCount
    ? { errors: [], allowed: [] }
    : isInPlace
    ? inPlace(model, byteLength as number, isLonger)
    : elsewhere(model, isLonger);
  if (outcome === undefined) return;
  errors.push(...outcome.errors);
  let isDone = false;
  world.call(`${name}(${words(given)})`, errors, () => {
    mmap.resize(given as number);
    isDone = true;
  }, [...outcome.allowed, ...(given === undefined ? ["ENOTSUP"] : []), ...busy(model)]);
  const isDetached = errors.length === 0 && !world.wasBusy;
  if (isDetached && !isInPlace) detach(slot, 0, model.own.length);
  if (!isDone) return;
  if (isInPlace && !isLonger) detach(slot, model.skip + (byteLength as number), model.own.length);
  const resized = resizedTo(model, byteLength as number, isInPlace);
  // Of the last page there was more than could be reached.
  const end = Math.min(
    byteLength as number,
    Math.ceil(model.own.length / PAGE) * PAGE - model.skip,
  );
  if (
    model.source !== "shared" && end > model.byteLength && isReadable(resized, 0, model.skip + end)
  ) {
    const { own, skip } = resized;
    mmap.read(own.subarray(skip + model.byteLength, skip + end), model.byteLength);
  }
  const kept = slot.kept.map((kept) => kept.model === model ? { ...kept, model: resized } : kept);
  world.slots[world.slots.indexOf(slot)] = { mmap, model: resized, kept };
};

/** The length up to the end of the file, if a file is open. */
function lengthInFile({ source, capacity, file, fileOffset, skip }: Model): number | undefined {
  const isNamed = file?.fd === -1;
  const isOpen = capacity > 0 || (source === "shared" && !isNamed);
  return file === undefined || !isOpen ? undefined : file.bytes.length - fileOffset - skip;
}

interface Outcome {
  readonly errors: readonly string[];
  readonly allowed: readonly string[];
}

/** The errors within a capacity; `undefined` if nothing can be said. */
function inPlace(model: Model, byteLength: number, isLonger: boolean): Outcome | undefined {
  const { source, capacity, file, fileOffset, skip } = model;
  const errors = byteLength > capacity ? ["RangeError"] : [];
  const needed = fileOffset + skip + byteLength;
  if (isLonger && source === "private" && needed > file!.bytes.length) errors.push("RangeError");
  // Windows shows what was stored to pages that go when they come back.
  const firstGone = Math.ceil((skip + byteLength) / PAGE);
  if (platform === "win32" && !isLonger && model.copied.subarray(firstGone).some(Boolean)) {
    return undefined;
  }
  // What is behind the last byte, and comes to light then, cannot be read now.
  if (isLonger && !isReadable(model, skip, skip + model.byteLength)) return undefined;
  // A pending call may use a page that was viewed before.
  return { errors, allowed: isLonger ? ["EBUSY"] : [] };
}

/** The errors where it may move. */
function elsewhere(model: Model, isLonger: boolean): Outcome | undefined {
  const { source, access: [access], guards: [guard] } = model;
  const errors: string[] = [];
  if (guard > 0 || source === "mirror") errors.push("ENOTSUP");
  if (model.access.some((other) => other !== access)) errors.push("EACCES");
  const isNamed = source === "shared" && model.file!.fd === -1;
  if (isLonger && (source === "private" || source === "read-only" || isNamed)) {
    errors.push("ENOTSUP");
  }
  // What is behind the last byte, and comes to light then, cannot be read now.
  if (isLonger && access === "none" && model.byteLength % PAGE > 0) return undefined;
  // Where an advice keeps it from moving, it cannot be copied; and a descriptor cannot always be opened again.
  const allowed = access === "none"
    ? ["EACCES"]
    : isLonger && source === "shared"
    ? ["ENOTSUP"]
    : [];
  return { errors, allowed };
}

/** The model of a mapping once it is longer or shorter; its file is as long as it must be. */
function resizedTo(model: Model, byteLength: number, isInPlace: boolean): Model {
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
  const last = model.access.at(-1)!;
  const access = Array.from(
    { length: pages },
    (_, page): Access => isInPlace ? model.access[page] ?? last : last,
  );
  return { ...model, byteLength, access, own, copied };
}
