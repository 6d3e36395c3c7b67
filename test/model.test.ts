import { assert, assertEquals } from "@std/assert";
import { childValue, test } from "./harness.ts";
import { isShort } from "./rounds.ts";

interface Result {
  readonly sequences: number;
  readonly calls: number;
}

/** How many sequences each runtime takes. */
const ALL_SEQUENCES = 8_000;
const SHORT_SEQUENCES = 300;
const SEQUENCES = isShort ? SHORT_SEQUENCES : ALL_SEQUENCES;

// Where it crashes, the error has what the child printed before: its seed.
test("every call does what the documentation says, in any order, with good and bad arguments", async () => {
  const seed = Date.now() % 2 ** 31;
  const { sequences, calls } = await childValue<Result>("model.ts", {
    args: [String(seed), String(SEQUENCES), String(isShort)],
  });
  assertEquals(sequences, SEQUENCES);
  assert(calls > 5 * SEQUENCES, `${calls} calls`);
});
