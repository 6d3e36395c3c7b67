import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { RangeMap } from "../../core/pages/range_map.ts";
import { test } from "../support/harness.ts";

const LENGTH = 24;
const range = fc.tuple(fc.nat(LENGTH - 1), fc.integer({ min: 1, max: LENGTH }))
  .map(([start, length]) => ({ start, end: Math.min(LENGTH, start + length) }));
const changes = fc.array(fc.record({ range, value: fc.constantFrom("a", "b", "c") }));

/** As many runs as fill several chunks. */
const MANY = 600;

test("a RangeMap of many runs has the values of an array that is changed alike", () => {
  const wide = fc.array(fc.record({
    start: fc.nat(MANY - 1),
    length: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: MANY })),
    value: fc.constantFrom("a", "b", "c"),
  }));
  fc.assert(
    fc.property(wide, (changes) => {
      const map = new RangeMap(MANY, "a");
      const model = Array<string>(MANY).fill("a");
      for (let at = 1; at < MANY; at += 2) map.set(at, at + 1, model[at] = "b");
      for (const { start, length, value } of changes) {
        const end = Math.min(MANY, start + length);
        map.set(start, end, value);
        model.fill(value, start, end);
        const runs = map.runsIn(0, MANY);
        assertEquals(runs.every((run, at) => at === 0 || run.value !== runs[at - 1]!.value), true);
        assertEquals(runs.flatMap((run) => model.slice(run.start, run.end)), model);
        assertEquals(Array.from(model, (_, at) => map.runAt(at).value), model);
        assertEquals(map.areAll(start, end, (other) => other === value), true);
      }
    }),
    { numRuns: 20 },
  );
});

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

test("the version of a RangeMap is the same until a value is set", () => {
  const map = new RangeMap(LENGTH, "a");
  const seen = new Set<object>();
  for (const value of ["a", "b", "a", "c"]) {
    for (const [start, end] of [[4, 8], [0, LENGTH]] as const) {
      map.set(start, end, value);
      assertEquals(seen.has(map.version), false);
      seen.add(map.version);
      map.runsIn(0, LENGTH);
      assertEquals(seen.has(map.version), true);
    }
  }
});
