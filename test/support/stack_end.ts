/**
 * Calls where little is left of the stack.
 *
 * @module
 */

/** Calls where the stack has so many frames less than there can be. */
export function callAt(frames: number, call: () => void): void {
  let left = frames;
  const down = (): void => {
    try {
      down();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    if (left-- === 0) call();
  };
  try {
    down();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}
