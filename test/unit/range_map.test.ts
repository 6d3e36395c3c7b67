import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { RangeMap } from "../../core/pages/range_map.ts";
import { test } from "../support/harness.ts";

const LENGTH = 24;
const range = fc.tuple(fc.nat(LENGTH - 1), fc.integer({ min: 1, max: LENGTH }))
  .map(([start, length]) => ({ start, end: Math.min(LENGTH, start + length) }));
const changes = fc.array(fc.record({ range, value: fc.constantFrom("a", "b", "c") }));

test("a RangeMap has the values of an array that is changed alike, as the fewest runs", () => {
  fc.assert(fc.property(changes, range, (changes, part) => {
    const map = new RangeMap(LENGTH, "a");
    const model = Array<string>(LENGTH).fill("a");
    for (const { range: { start, end }, value } of changes) {
      map.set(start, end, value);
      model.fill(value, start, end);
    }
    const runs = map.runsIn(0, LENGTH);
    assertEquals(runs.flatMap(({ start, end, value }) => Array(end - start).fill(value)), model);
    for (const [index, run] of runs.entries()) {
      assertEquals(run.start, runs[index - 1]?.end ?? 0);
      if (index > 0) assertEquals(run.value === runs[index - 1]!.value, false);
      for (let offset = run.start; offset < run.end; offset++) {
        assertEquals(map.runAt(offset), run);
      }
    }
    const cut = map.runsIn(part.start, part.end);
    assertEquals([cut[0]!.start, cut.at(-1)!.end], [part.start, part.end]);
    for (const value of ["a", "b"]) {
      assertEquals(
        map.areAll(part.start, part.end, (other) => other !== value),
        !model.slice(part.start, part.end).includes(value),
      );
    }
    assertEquals(
      cut.flatMap(({ start, end, value }) => Array(end - start).fill(value)),
      model.slice(part.start, part.end),
    );
  }));
});
