/**
 * Random numbers that a seed gives, the same ones each time.
 *
 * @module
 */

/** Makes whole numbers of 32 bits, without a sign, from a state of 32 bits: Mulberry32. */
export function randomNumbers(state: number): () => number {
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let t = Math.imul(state ^ state >>> 15, state | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return (t ^ t >>> 14) >>> 0;
  };
}

/** Makes whole numbers below another, from a seed. */
export function randomBelow(seed: number): (below: number) => number {
  const next = randomNumbers(Math.imul(seed + 1, 0x9e37_79b1) >>> 0);
  return (below) => next() % below;
}
