import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type ViewedRun, ViewSet } from "../../core/pages/view_set.ts";
import { test } from "../support/harness.ts";

const views = {} as ViewedRun["views"];

test("ViewSet finds, at every start, the last part that was made there, until it is taken out", () => {
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
      const parts = new ViewSet();
      let model: ViewedRun[] = [];
      const last = new Map<number, ViewedRun>();
      for (const step of steps) {
        if ("add" in step) {
          const part = { start: step.add, end: 4, views };
          parts.add(part);
          model.push(part);
          last.set(part.start, part);
        } else if (model.length > 0) {
          const part = model[step.remove % model.length]!;
          parts.delete(part);
          model = model.filter((other) => other !== part);
          if (last.get(part.start) === part) last.delete(part.start);
        }
        assertEquals(new Set(parts.all), new Set(model));
        for (const part of model) {
          assertEquals(parts.some((other) => other === part), true);
        }
        for (const [start, part] of last) {
          assertEquals(parts.startingAt(start) === part, true);
        }
      }
    },
  ));
});
