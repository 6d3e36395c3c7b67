import { assert, assertEquals } from "@std/assert";
import { childValues } from "../support/child_processes.ts";
import { test } from "../support/harness.ts";
import { IN_FLIGHT_CALLS } from "../support/in_flight_calls.ts";
import { rounds } from "../support/rounds.ts";

interface Result {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly harmed: number;
}

const names = Object.keys(IN_FLIGHT_CALLS);
const made = names.filter((name) => IN_FLIGHT_CALLS[name]!.skip === undefined);
/** One child makes all calls. */
const result = childValues<unknown>("in_flight.ts", [...made, "held"]);

for (const [name, { skip, patienceMs }] of Object.entries(IN_FLIGHT_CALLS)) {
  test(`unmap() right after ${name} was started harms nothing`, async () => {
    const { outcomes, harmed } = await result(name) as Result;
    const { EBUSY: _, "never settled": unsettled = 0, ...ends } = outcomes;
    if (patienceMs === undefined) assertEquals(unsettled, 0);
    const count = Object.values(ends).reduce((sum, number) => sum + number, unsettled);
    const faults = Object.keys(ends).filter((end) => end.includes("EFAULT"));
    assertEquals(faults, []); // the range was gone too early
    assert(count >= rounds("inFlight"), `It ended ${count} times: ${JSON.stringify(outcomes)}`);
    assertEquals(harmed, 0);
  }, { skip });
}

test("unmap() right after calls of the runtime were started holds no range for ever", async () => {
  const left = await result("held") as number;
  assert(left <= 2, `${left} ranges are still held`);
});
