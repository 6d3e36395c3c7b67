import { assert, assertEquals } from "@std/assert";
import { childValue, test } from "./harness.ts";

interface Result {
  readonly sequences: number;
  readonly calls: number;
}

/** How many sequences each runtime takes. */
const ALL_SEQUENCES = 20_000;

/** The matrices ask for one round: they have many runtimes, and emulate some. */
const isShort = process.env["SYSALLOC_ROUNDS"] !== undefined;
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
