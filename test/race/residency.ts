/**
 * Calls on what is in RAM, and on the disk.
 *
 * @module
 */
import type { Advice } from "../../mod.ts";
import { type Held, MIRROR, MOST_PENDING, PAGE, type Racer } from "./racer.ts";

/** Advice that leaves the content of memory as it is. */
const HARMLESS: readonly Advice[] = [
  "normal",
  "random",
  "sequential",
  "will-need",
  "cold",
  "huge-page",
  "no-huge-page",
  "dont-dump",
  "do-dump",
  "mergeable",
  "unmergeable",
  "populate-read",
];
/** Advice that can make zeros of it. */
const CLEARING: readonly Advice[] = ["dont-need", "free", "remove", "dont-need-locked"];

export function advise(racer: Racer, held: Held): void {
  const { mmap } = held;
  const isClearing = racer.random(3) === 0 && racer.pageCount(held) > 1 &&
    held.memory.kind !== MIRROR; // the first page is there twice
  const advice = isClearing
    ? CLEARING[racer.random(CLEARING.length)]!
    : HARMLESS[racer.random(HARMLESS.length)]!;
  const { offset, length } = racer.range(held, isClearing ? 1 : 0);
  // Of locked memory, memory of files and such that may not be read some advice is refused.
  const may = ["ENOTSUP", "EINVAL", "EACCES", "EFAULT", "ENOMEM", "EAGAIN"];
  racer.call("advise", { may }, racer.text(held, `advise(${advice}, ${offset}, ${length})`), () => {
    mmap.advise(advice, offset, length);
  });
}

export function lock(racer: Racer, held: Held): void {
  const { mmap } = held;
  const { first, past, offset, length } = racer.range(held, 0);
  if (racer.random(2) === 0) {
    racer.call("unlock", {}, racer.text(held, "unlock()"), () => mmap.unlock());
    return;
  }
  const must = racer.isReadable(held, first, past) ? [] : ["EACCES"];
  const may = ["ENOMEM", "EAGAIN", "EPERM"];
  racer.call("lock", { must, may }, racer.text(held, `lock(${offset}, ${length})`), () => {
    mmap.lock(offset, length);
  });
}

export function resident(racer: Racer, held: Held): void {
  const { mmap, memory } = held;
  racer.call("resident", {}, racer.text(held, "resident()"), () => {
    const byteLength = mmap.resident();
    const isSuch = byteLength % PAGE === 0 &&
      byteLength <= Math.ceil(memory.byteLength / PAGE) * PAGE;
    if (!isSuch) racer.fail(held, `resident() is ${byteLength}`);
  });
}

export function flush(racer: Racer, held: Held): void {
  const { mmap } = held;
  const isWaiting = racer.random(16) === 0;
  racer.call("flush", {}, racer.text(held, "flush()"), () => {
    if (isWaiting) mmap.flush();
    else mmap.startFlush();
  });
}

export function prefault(racer: Racer, held: Held): void {
  const { mmap } = held;
  if (racer.pending.size >= MOST_PENDING) return;
  racer.follow(
    "prefault",
    mmap.prefault(),
    (outcome) =>
      ["undefined", "EACCES", "ENOMEM", "EFAULT", "EAGAIN"].includes(outcome) ||
      (held.isClosed && outcome === "EBADF") || outcome === "RangeError",
  );
}
