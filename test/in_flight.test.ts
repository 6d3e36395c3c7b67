import { assert, assertEquals } from "@std/assert";
import { childValue, test } from "./harness.ts";
import { IN_FLIGHT_CALLS } from "./in_flight_calls.ts";
import { isShort } from "./rounds.ts";

interface Result {
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly harmed: number;
  readonly left: number;
}

const ALL_ROUNDS = 4;

/** The matrices ask for one: they have many runtimes, and emulate some. */
const ROUNDS = isShort ? 1 : ALL_ROUNDS;

async function testCalls(names: readonly string[]): Promise<void> {
  const { outcomes, harmed, left } = await childValue<Result>("in_flight.ts", {
    args: [String(ROUNDS), ...names],
  });
  for (const name of names) {
    const { EBUSY: _, "never settled": unsettled = 0, ...ends } = outcomes[name]!;
    if (IN_FLIGHT_CALLS[name]!.patienceMs === undefined) assertEquals(unsettled, 0, name);
    const count = Object.values(ends).reduce((sum, number) => sum + number, unsettled);
    const faults = Object.keys(ends).filter((end) => end.includes("EFAULT"));
    assertEquals(faults, [], name); // the range was gone too early
    assert(count >= ROUNDS, `${name} ended ${count} times: ${JSON.stringify(outcomes[name])}`);
  }
  assertEquals(harmed, 0);
  assert(left <= 2, `${left} ranges are still held`);
}

const names = Object.keys(IN_FLIGHT_CALLS);
const made = names.filter((name) => IN_FLIGHT_CALLS[name]!.skip === undefined);
// One child makes all calls where each is made once only.
const children = ROUNDS === ALL_ROUNDS ? made.map((name) => [name]) : [made];
for (const calls of children) {
  const what = calls.length === 1 ? calls[0] : "any call of the runtime";
  test(`unmap() right after ${what} was started harms nothing`, () => testCalls(calls));
}
for (const name of names) {
  const { skip } = IN_FLIGHT_CALLS[name]!;
  if (skip === undefined) continue;
  test(`unmap() right after ${name} was started harms nothing`, () => {}, { skip });
}
