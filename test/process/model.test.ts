import { assert, assertEquals } from "@std/assert";
import { childValue } from "../support/child_processes.ts";
import { test } from "../support/harness.ts";
import { rounds } from "../support/rounds.ts";

interface Result {
  readonly sequences: number;
  readonly calls: number;
  /** The number of calls that the other thread made. */
  readonly others: number;
}

// Where it crashes, the error has what the child printed before: its seed.
test("every call does what the documentation says, in any order, with good and bad arguments", async () => {
  const seed = Date.now() % 2 ** 31;
  const wanted = rounds("modelSequences");
  const { sequences, calls } = await childValue<Result>("model.ts", {
    args: [String(seed), String(wanted)],
  });
  assertEquals(sequences, wanted);
  assert(calls > 5 * wanted, `${calls} calls`);
});

test("so does every call while another thread does anything, with the same memory too", async () => {
  const seed = Date.now() % 2 ** 31;
  const wanted = rounds("strangerSequences");
  const { sequences, calls, others } = await childValue<Result>("model.ts", {
    args: [String(seed), String(wanted), "stranger"],
  });
  assertEquals(sequences, wanted);
  assert(calls > 5 * wanted, `${calls} calls`);
  assert(others > wanted, `${others} calls of the other thread`);
});
