/**
 * The common parts of the works over files.
 *
 * @module
 */
import { PAGE, Random, RECORD, sumWords, wordsOf } from "../common.ts";
import type { Round, Task } from "../serve.ts";

/** A text that no log has. */
export const MISSING = "connection refused";

/** The sum of the record in the middle of a file. */
export function sumRecord(bytes: Uint8Array, { size }: Task): number {
  return sumWords(wordsOf(bytes.subarray(size / 2, size / 2 + RECORD)));
}

/** Repeats an operation, and returns the last checksum. */
export function repeat({ operations }: Task, operate: () => number): number {
  let checksum = 0;
  for (let index = 0; index < operations; index++) checksum = operate();
  return checksum;
}

/** Repeats an operation that is waited for, and returns the last checksum. */
export async function repeatAsync(
  { operations }: Task,
  operate: () => Promise<number>,
): Promise<number> {
  let checksum = 0;
  for (let index = 0; index < operations; index++) checksum = await operate();
  return checksum;
}

/** The sum of random pages, read from the same places as in the other languages. */
export function sumPages({ size, operations }: Task, read: (at: number) => Uint32Array): number {
  const places = new Random();
  let sum = 0;
  for (let index = 0; index < operations; index++) {
    sum = (sum + sumWords(read(PAGE * places.next(size / PAGE)))) | 0;
  }
  return sum;
}

/** The same of words that lie in memory, in place. */
export function sumPagesOf(task: Task, words: Uint32Array): number {
  return sumPages(task, (at) => words.subarray(at / 4, (at + PAGE) / 4));
}

/** The same, where each page is waited for. */
export async function sumPagesAsync(
  { size, operations }: Task,
  read: (at: number) => Promise<Uint32Array>,
): Promise<number> {
  const places = new Random();
  let sum = 0;
  for (let index = 0; index < operations; index++) {
    sum = (sum + sumWords(await read(PAGE * places.next(size / PAGE)))) | 0;
  }
  return sum;
}

/** Stores to random pages what {@linkcode sumPages} would find there, and then flushes. */
export function storing(
  { size, operations }: Task,
  store: (at: number, value: number) => number,
  flush: () => void,
): Round["run"] {
  return () => {
    const places = new Random();
    let sum = 0;
    for (let index = 0; index < operations; index++) {
      sum = (sum + store(PAGE * places.next(size / PAGE), index & 0xff)) | 0;
    }
    flush();
    return sum;
  };
}
