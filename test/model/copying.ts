/**
 * The steps that copy, and those that write to files.
 *
 * @module
 */
import { bad, countErrors, judged, words } from "./arguments.ts";
import type { TakeSlot } from "./sequence.ts";
import {
  checkContent,
  copyPages,
  isReadable,
  isWritable,
  type Slot,
  stateErrors,
  store,
} from "./world.ts";

/** Something to copy from or to: any kind of view, one of the mapping itself, or none. */
function copyPartner(slot: Slot, a: number, c: number): ArrayBufferView {
  const length = a % 3 === 0 ? a % (slot.model.byteLength + 2) : a % 64;
  switch (c % 12) {
    case 0:
      return new DataView(new ArrayBuffer(length + 3), 3);
    case 1:
      return new Float64Array(length >> 3);
    case 2:
      return new Uint8Array(new SharedArrayBuffer(length));
    case 3:
    case 4: {
      const kept = slot.kept[c % slot.kept.length];
      return kept === undefined ? new Uint8Array(length) : kept.bytes;
    }
    case 5:
      return (c % 24 < 12 ? bad(a, slot) : undefined) as ArrayBufferView;
    case 6: {
      // Nothing is to ask it: what is copied are its bytes.
      const view = new Uint8Array(8);
      Object.defineProperty(view, "byteLength", {
        get: () => {
          slot.mmap.unmap();
          return 8;
        },
      });
      return c % 60 === 6 ? view : new Uint8Array(length);
    }
    default:
      return new Uint8Array(length);
  }
}

/** read() and write(). */
export const copy: TakeSlot = (world, slot, [verb, , a, b, c], name) => {
  const { mmap, model } = slot;
  const partner = copyPartner(slot, a, c);
  const byteOffset = b % 24 === 0
    ? bad(b >> 5, slot)
    : b % 8 === 1
    ? undefined
    : b % model.byteLength;
  const errors = byteOffset === undefined ? [] : countErrors(byteOffset);
  const isHostile = ArrayBuffer.isView(partner) && Object.hasOwn(partner, "byteLength");
  const byteLength = isHostile ? 8 : ArrayBuffer.isView(partner) ? partner.byteLength : -1;
  const at = errors.length === 0 ? Number(byteOffset ?? 0) : 0;
  const [start, end] = [model.skip + at, model.skip + at + byteLength];
  if (byteLength < 0) errors.push("TypeError");
  if (at + byteLength > model.byteLength) errors.push("RangeError");
  const isAllowed = verb === "read" ? isReadable : isWritable;
  if (byteLength > 0 && errors.length === 0 && !isAllowed(model, start, end)) errors.push("EACCES");
  errors.push(...stateErrors(slot, false));
  const source = byteLength > 0
    ? new Uint8Array(partner.buffer, partner.byteOffset, byteLength)
    : new Uint8Array(0);
  const own = slot.kept.find(({ bytes }) => bytes === partner);
  const isOwn = own !== undefined;
  // What another thread stores meanwhile would be copied to where nothing else is to be.
  if (isOwn && model.hasStrangers) return;
  if (own?.isStale) errors.push("TypeError");
  if (verb === "write" && !isOwn) source.fill(c);
  const before = verb === "write" ? source.slice() : source;
  // What is read into the mapping itself is a store: it must be what was there before.
  const copied = verb === "read" && isOwn && errors.length === 0
    ? new Uint8Array(byteLength)
    : undefined;
  if (copied !== undefined) mmap.read(copied, at);
  world.call(`${name}(${byteLength} bytes, ${words(byteOffset)})`, errors, () => {
    mmap[verb as "read"](partner, byteOffset as number);
  });
  if (errors.length > 0 || byteLength === 0) return;
  // Bytes that are copied to themselves need not be stored.
  if (own?.start === start) copyPages(model, start, end, 2);
  else if (verb === "write") store(model, start, before);
  else if (copied === undefined) checkContent(model, start, source, "What was read");
  else store(model, own!.start, copied);
};

export const flush: TakeSlot = (world, slot, [verb, , a, b], name) => {
  const takesLittle = slot.model.source !== "shared" || verb === "startFlush" ||
    slot.model.file === world.files.all[0];
  if (!takesLittle && a % 32 !== 0) return;
  const offset = a % 16 === 1 ? bad(b, slot) : a % slot.model.byteLength;
  const { byteOffset, byteLength, errors } = judged(slot.model, offset, undefined, false);
  errors.push(...stateErrors(slot, false));
  world.call(`${name}(${words(byteOffset)})`, errors, () => {
    slot.mmap[verb as "flush"](byteOffset as number, byteLength as number);
  });
};
