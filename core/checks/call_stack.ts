/**
 * Checks that enough of the call stack is left.
 *
 * A call with many arguments throws if the stack cannot hold them.
 *
 * @module
 */

/** The number of arguments that take 64 KiB of the stack. */
const ARGUMENT_COUNT = 8192;
/**
 * The number of arguments that take 48 KiB. V8 needs 40 KiB to compile a function at its first
 * call. The number is smaller than the one above, because functions that have passed the larger
 * check call the smaller one.
 */
const FEW_ARGUMENT_COUNT = 6144;

const { apply } = Reflect;
const { parse } = JSON;

let manyArguments: readonly 0[] | undefined;
let fewArguments: readonly 0[] | undefined;

function nothing(): void {}

/**
 * Throws the engine's own `RangeError` if little of the stack is left. Called before steps that
 * must not end midway.
 */
export function checkStack(): void {
  apply(nothing, undefined, manyArguments ??= zeros(ARGUMENT_COUNT));
}

/** Throws like {@linkcode checkStack}, for steps that call few functions and none of C. */
export function checkFewFrames(): void {
  apply(nothing, undefined, fewArguments ??= zeros(FEW_ARGUMENT_COUNT));
}

/**
 * Makes an array without holes, because V8 15 passes an array with holes as arguments four times as
 * slowly. Parsing takes a tenth of the time of `Array.from()` with a callback that is not compiled
 * yet.
 */
function zeros(count: number): readonly 0[] {
  return parse(`[${"0,".repeat(count - 1)}0]`);
}
