import { assert, assertEquals } from "@std/assert";
import { childValue } from "../support/child_processes.ts";
import { test } from "../support/harness.ts";
import { rounds } from "../support/rounds.ts";

/** The child's report: see `test/children/handle_race.ts`. */
interface Result {
  readonly calls: number;
  readonly terminated: number;
  /** The mappings, slots of the process table and descriptors that are left. */
  readonly left: number;
  readonly slots: number;
  readonly descriptors: number;
  /** The number of tickets that were refused beyond those that were sent twice. */
  readonly refused: number;
}

/** koffi ends the process where it is to throw in a thread that is being terminated: docs/internals/runtimes.md. */
const KOFFI_DEATH = /Error::ThrowAsJavaScriptException napi_throw/;

async function race(threads: number, terminations: number): Promise<Result> {
  const seed = Date.now() % 2 ** 31;
  const args = [seed, threads, rounds("racedCalls"), terminations].map(String);
  const mayDie = terminations > 0 ? KOFFI_DEATH : undefined;
  const result = await childValue<Result>("handle_race.ts", { args, ...mayDie && { mayDie } });
  assert(result.calls >= rounds("racedCalls"), `${result.calls} calls`);
  return result;
}

test("threads that take all calls at random over the same memory find what they must, and leave nothing", async () => {
  const { left, slots, descriptors, refused } = await race(4, 0);
  assertEquals({ left, slots, descriptors, refused }, {
    left: 0,
    slots: 0,
    descriptors: 0,
    refused: 0,
  });
});

test("threads go on while others are terminated within any call, which keep what they had and no more", async () => {
  const wanted = rounds("terminatedThreads");
  const { terminated, slots } = await race(4, wanted);
  assertEquals(terminated, wanted);
  // Eight handles, some tickets, and ranges whose views were not yet collected.
  assert(slots <= 64 * wanted, `${slots} slots`);
});
