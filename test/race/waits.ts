/**
 * Waits for words, and wakes.
 *
 * @module
 */
import { type Held, KINDS, MOST_PENDING, type Racer } from "./racer.ts";

/** The errors of waiting for a word of the memory, if it cannot be waited for. */
function waitErrors(racer: Racer, held: Held): string[] {
  if (KINDS[held.memory.kind] === "private file") return ["ENOTSUP"];
  return racer.isWritable(held, 0) ? [] : ["EACCES"];
}

export function wait(racer: Racer, held: Held): void {
  const { mmap } = held;
  const must = waitErrors(racer, held);
  const timeout = [0, 0, 0, 0.1, 1][racer.random(5)]!;
  racer.call("wait", { must }, racer.text(held, `wait(${timeout})`), () => {
    // Nobody stores to the first word, and some wake those that wait for it.
    const expected = racer.random(2);
    const result = mmap.wait(0, expected, timeout);
    const isSuch = expected === 1 ? result === "not-equal" : result !== "not-equal";
    if (!isSuch) racer.fail(held, `wait() is ${result}`);
  });
}

export function notify(racer: Racer, held: Held): void {
  const { mmap } = held;
  const must = waitErrors(racer, held);
  racer.call("notify", { must }, racer.text(held, "notify()"), () => {
    const count = mmap.notify(0, racer.random(4));
    if (count < 0 || count > 3) racer.fail(held, `notify() is ${count}`);
  });
}

export function waitAsync(racer: Racer, held: Held): void {
  const { mmap } = held;
  if (racer.pending.size >= MOST_PENDING) return;
  const errors = waitErrors(racer, held);
  const controller = new AbortController();
  const options = { timeout: 0.1 + racer.random(8), signal: controller.signal };
  held.pending++;
  const ends = racer.random(4) === 0;
  racer.follow(
    "waitAsync",
    mmap.waitAsync(0, racer.random(8) === 0 ? 1 : 0, options),
    (outcome) => {
      held.pending--;
      const others = [
        "EAGAIN",
        ...errors,
        ...(held.isClosed ? ["EBADF"] : []),
      ];
      return ["ok", "timed-out", "not-equal", ...(ends ? ["enough"] : []), ...others].includes(
        outcome,
      );
    },
  );
  if (ends) controller.abort("enough");
}
