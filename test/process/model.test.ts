import { assert, assertEquals } from "@std/assert";
import { childValue } from "../child_processes.ts";
import { test } from "../harness.ts";
import { rounds } from "../rounds.ts";

interface Result {
  readonly sequences: number;
  readonly calls: number;
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
