/**
 * What is left of the stack.
 *
 * @module
 */

/** So many arguments take 64 KiB of the stack. */
const ARGUMENT_COUNT = 8192;
/**
 * So many take 48 KiB: V8 compiles what is called for the first time only where 40 are
 * left. Fewer than above, as some of what that is asked for asks for this in turn.
 */
const FEW_ARGUMENT_COUNT = 6144;

const { apply } = Reflect;
const { parse } = JSON;

let manyArguments: readonly 0[] | undefined;
let fewArguments: readonly 0[] | undefined;

function nothing(): void {}

/**
 * Throws the engine's own `RangeError` where little is left of the stack:
 * before a call does what must not end midway.
 */
export function checkStack(): void {
  apply(nothing, undefined, manyArguments ??= zeros(ARGUMENT_COUNT));
}

/** The same, where the call has only a few functions of its own to call, and none of C. */
export function checkFewFrames(): void {
  apply(nothing, undefined, fewArguments ??= zeros(FEW_ARGUMENT_COUNT));
}

/**
 * An array without holes: V8 15 takes four times as long over one that can have some.
 * Parsing makes it in a tenth of the time that a callback for each element takes at first.
 */
function zeros(count: number): readonly 0[] {
  return parse(`[${"0,".repeat(count - 1)}0]`);
}
