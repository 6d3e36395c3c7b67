/**
 * The side of a benchmark that runs in a runtime: a round for each line
 * `WORK SIZE OPERATIONS PATH` of the input, answered by a line of JSON. The
 * programs in `peers/` understand the same lines.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { setImmediate } from "node:timers/promises";
import type { Task } from "../catalogue/benchmark.ts";

export type { Task };

/** A round that is prepared. */
export interface Round {
  /** The timed part: returns a checksum, the same as every contender's. */
  run(): number | Promise<number>;
  /** Gives back what the preparation made. */
  end?(): void | Promise<void>;
  /** Other measures; a `time` of its own, in nanoseconds, replaces that of `run()`. */
  measures?(): Readonly<Record<string, number>>;
}

/** Makes what the time of a round does not count. */
export type Work = (task: Task) => Round | Promise<Round>;

const { Bun, gc } = globalThis as {
  Bun?: { gc(synchronously: boolean): void };
  gc?: () => void;
};

/** Collects, so that what one contender dropped is not the next one's cost. */
export function collect(): void {
  if (Bun !== undefined) Bun.gc(true);
  else gc?.();
}

/** Answers until the input ends. */
export async function serve(works: Readonly<Record<string, Work>>): Promise<never> {
  for await (const line of createInterface({ input: process.stdin })) {
    const [name = "", size, operations, path = ""] = line.split(" ");
    const task = { size: Number(size), operations: Number(operations), path };
    let answer: unknown;
    try {
      answer = await round(works[name], name, task);
    } catch (error) {
      answer = { error: String(error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  process.exit(0); // a worker or a child may be left
}

async function round(work: Work | undefined, name: string, task: Task): Promise<unknown> {
  if (work === undefined) throw new Error(`there is no work ${name}`);
  const prepared = await work(task);
  collect();
  await setImmediate();
  try {
    const start = performance.now();
    const result = prepared.run();
    const checksum = typeof result === "number" ? result : await result;
    const time = 1e6 * (performance.now() - start);
    return { checksum, operations: task.operations, time, ...prepared.measures?.() };
  } finally {
    await prepared.end?.();
    collect();
    await setImmediate();
  }
}
