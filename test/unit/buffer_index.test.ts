import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { BufferIndex } from "../../core/pages/buffer_index.ts";
import { PageBuffer } from "../../core/pages/buffers.ts";
import { test } from "../support/harness.ts";

const KIB64 = 65_536;
/** Far apart and close by, aligned and not, of the lengths of several steps. */
const range = fc.record({
  start: fc.oneof(fc.nat(20 * KIB64), fc.nat(20).map((count) => count * KIB64), fc.nat(2 ** 45)),
  length: fc.oneof(fc.integer({ min: 1, max: 3 * KIB64 }), fc.integer({ min: 1, max: 2 ** 40 })),
}).map(({ start, length }) => ({ start, end: start + length }));

test("a BufferIndex finds the buffers that a list of them has over a range", () => {
  const step = fc.oneof(
    fc.record({ add: range }),
    fc.record({ remove: fc.nat() }),
    fc.record({ over: range }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const index = new BufferIndex();
    let model: PageBuffer[] = [];
    for (const step of steps) {
      if ("add" in step) {
        const entry = new PageBuffer(step.add, new ArrayBuffer(0), true);
        if (index.at(step.add) !== undefined) continue;
        index.add(entry);
        model = [...model, entry];
      } else if ("over" in step) {
        const found = new Set<PageBuffer>();
        index.forEachOver(step.over, (entry) => found.add(entry));
        const { start, end } = step.over;
        assertEquals(found, new Set(model.filter((e) => e.start < end && e.end > start)));
      } else if (model.length > 0) {
        const entry = model[step.remove % model.length]!;
        index.delete(entry);
        model = model.filter((other) => other !== entry);
      }
      assertEquals(index.size, model.length);
      for (const entry of model) assertEquals(index.at(entry) === entry, true);
    }
    index.forEachOver({ start: 0, end: 2 ** 53 }, (entry) => index.delete(entry));
    assertEquals(index.size, 0);
  }));
});

test("a BufferIndex forgets buffers that are collected, and no others", () => {
  const index = new BufferIndex();
  let isCollected = false;
  const kept: PageBuffer[] = [];
  for (let at = 0; at < 200; at++) {
    isCollected ||= at === 150;
    const start = at % 5 * KIB64 + at;
    const entry = new PageBuffer({ start, end: start + 1 }, new ArrayBuffer(0), true);
    if (at % 3 !== 0) {
      Object.defineProperty(entry, "buffer", {
        get: () => isCollected ? undefined : new ArrayBuffer(0),
      });
    } else kept[kept.length] = entry;
    index.add(entry);
  }
  for (let at = 0; at < 100; at++) {
    const start = 10 * KIB64 + at;
    index.add(
      kept[kept.length] = new PageBuffer({ start, end: start + 1 }, new ArrayBuffer(0), true),
    );
  }
  const found = new Set<PageBuffer>();
  index.forEachOver({ start: 0, end: 2 ** 40 }, (entry) => found.add(entry));
  assertEquals(found, new Set(kept));
  assertEquals(index.size, kept.length);
});

test("a BufferIndex finds and removes one of many buffers that start close by, comparing few", () => {
  const index = new BufferIndex();
  const ranges = Array.from({ length: 300 }, (_, at) => ({ start: at % 9, end: 10 + at }));
  let compared = 0;
  const entries = ranges.map((range) => {
    const entry = new PageBuffer(range, new ArrayBuffer(0), true);
    Object.defineProperty(entry, "end", { get: () => (compared++, range.end) });
    index.add(entry);
    return entry;
  });
  compared = 0;
  ranges.forEach((range, at) => assertEquals(index.at(range) === entries[at], true));
  entries.forEach((entry, at) => at % 3 === 0 && index.delete(entry));
  assertEquals(compared < 15 * 300, true);
  ranges.forEach((range, at) => {
    assertEquals(index.at(range) === (at % 3 === 0 ? undefined : entries[at]), true);
  });
  const found = new Set<PageBuffer>();
  index.forEachOver({ start: 0, end: 1 }, (entry) => found.add(entry));
  assertEquals(found, new Set(entries.filter((entry, at) => at % 3 !== 0 && entry.start === 0)));
});
