/**
 * What a buffer is, and its end, by the engine's own functions.
 *
 * @module
 */

// Taken once, so that a buffer's own property of that name cannot stand in for them.
const { transfer } = ArrayBuffer.prototype;
const detached = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached")?.get;
const unsharedByteLength = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength")
  ?.get;
const { apply } = Reflect;

/** Whether a buffer, of any realm, is no `SharedArrayBuffer`. */
export function isUnshared(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  try {
    apply(unsharedByteLength!, buffer, []); // only an ArrayBuffer has one by this getter
    return true;
  } catch {
    return false;
  }
}

/** Whether a buffer is detached, whatever own properties it has. */
export function isDetached(buffer: ArrayBuffer): boolean {
  return apply(detached!, buffer, []);
}

/** Detaches a buffer; throws a `TypeError` if it was detached before or the engine pins it. */
export function detach(buffer: ArrayBuffer): void {
  apply(transfer, buffer, [0]);
  // Bun does not throw where it uses the buffer: it leaves it attached.
  if (!isDetached(buffer)) throw new TypeError("The buffer is in use");
}
