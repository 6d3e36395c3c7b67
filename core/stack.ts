/**
 * What is left of the stack.
 *
 * @module
 */

/** So many arguments take 128 KiB of the stack. */
const ARGUMENTS: readonly undefined[] = new Array(16_384).fill(undefined);
/** So many take 8 KiB, and little time. */
const FEW_ARGUMENTS: readonly undefined[] = new Array(1024).fill(undefined);
const { apply } = Reflect;

function nothing(): void {}

/**
 * Throws the engine's own `RangeError` where little is left of the stack:
 * before a call does what must not end midway.
 */
export function checkStack(): void {
  apply(nothing, undefined, ARGUMENTS);
}

/** The same, where the call has only a few functions of its own to call, and none of C. */
export function checkFewFrames(): void {
  apply(nothing, undefined, FEW_ARGUMENTS);
}
