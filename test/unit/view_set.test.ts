import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type ViewedRun, ViewSet } from "../../core/pages/view_set.ts";
import { test } from "../support/harness.ts";

const views = {} as ViewedRun["views"];

test("ViewSet.startingAt() finds the last run that was added there, until it is deleted", () => {
  const start = fc.nat({ max: 3 });
  fc.assert(fc.property(
    fc.array(
      fc.oneof(
        fc.record({ add: start }),
        fc.record({ remove: fc.nat() }),
      ),
      { maxLength: 20 },
    ),
    (steps) => {
      const set = new ViewSet();
      let model: ViewedRun[] = [];
      const last = new Map<number, ViewedRun>();
      for (const step of steps) {
        if ("add" in step) {
          const run = { start: step.add, end: 4, views };
          set.add(run);
          model.push(run);
          last.set(run.start, run);
        } else if (model.length > 0) {
          const run = model[step.remove % model.length]!;
          set.delete(run);
          model = model.filter((other) => other !== run);
          if (last.get(run.start) === run) last.delete(run.start);
        }
        assertEquals(new Set(set.all), new Set(model));
        for (const run of model) {
          assertEquals(set.some((other) => other === run), true);
        }
        for (const [start, run] of last) {
          assertEquals(set.startingAt(start) === run, true);
        }
      }
    },
  ));
});
