/**
 * Inspecting and detaching buffers by the engine's own functions.
 *
 * @module
 */

// Taken once: a buffer can have own properties of these names.
const { transfer } = ArrayBuffer.prototype;
const detached = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached")?.get;
const unsharedByteLength = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength")
  ?.get;
const { apply } = Reflect;

/** Whether a buffer of any realm is an `ArrayBuffer`, and not a `SharedArrayBuffer`. */
export function isUnshared(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  try {
    apply(unsharedByteLength!, buffer, []); // throws for a SharedArrayBuffer
    return true;
  } catch {
    return false;
  }
}

/** Whether a buffer is detached, whatever own properties it has. */
export function isDetached(buffer: ArrayBuffer): boolean {
  return apply(detached!, buffer, []);
}

/** Detaches a buffer. Throws a `TypeError` if it was detached before, or the engine pins it. */
export function detach(buffer: ArrayBuffer): void {
  isDetached(buffer); // the same call as below, for which the stack must suffice
  apply(transfer, buffer, [0]);
  // While Bun uses the buffer, transfer() leaves it attached and does not throw.
  if (!isDetached(buffer)) throw new TypeError("The buffer is in use");
}
