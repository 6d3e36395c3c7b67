/**
 * What is left of the stack.
 *
 * @module
 */

// No holes: V8 15 takes four times as long over an array that can have some.
const zeros = (count: number): readonly 0[] => Array.from({ length: count }, () => 0);

/** So many arguments take 64 KiB of the stack. */
const ARGUMENTS = zeros(8192);
/**
 * So many take 48 KiB: V8 compiles what is called for the first time only where 40 are
 * left. Fewer than above, as some of what that is asked for asks for this in turn.
 */
const FEW_ARGUMENTS = zeros(6144);
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
