import { assert, assertEquals } from "@std/assert";
import { MAX_HELD_RANGES } from "../../core/lifetime/held_ranges.ts";
import { childValue } from "../support/child_processes.ts";
import { test } from "../support/harness.ts";
import { withoutRegions } from "../support/memory_map.ts";

/** Of how many mappings of each kind the child tells. */
const COUNT = 8;

test("garbage collection unmaps what nothing reaches, and nothing else", async () => {
  const results = await childValue<Record<string, { mapped: number; intact: number }>>(
    "collection.ts",
  );
  assertEquals(Object.keys(results).length, 24);
  for (const [name, { mapped, intact }] of Object.entries(results)) {
    if (name.startsWith("nothing")) {
      // The last one or two can still be in a register or on the stack.
      assert(mapped <= 2, `${mapped} of ${COUNT} stay mapped when ${name} is kept`);
    } else {
      assertEquals([mapped, intact], [COUNT, COUNT], `${name} is kept`);
    }
  }
}, { skip: withoutRegions() });

test("garbage collection takes no memory from the new owner of a transferred buffer", async () => {
  assertEquals(await childValue("transferred.ts"), Array(6).fill(["EBUSY", 7, 8]));
});

test(
  "garbage collection of a closed handle unmaps nothing that is mapped there since",
  async () => {
    assertEquals(await childValue("closed_handles.ts"), { unmapped: 20, givenAway: 20 });
  },
  { skip: withoutRegions() },
);

test(
  "many cycles of mapAnon(), bytes and unmap() leave mappings and memory as they were",
  async () => {
    type State = Record<"mapped" | "resident", number>;
    const { before, after } = await childValue<{ before: State; after: State }>("cycles.ts");
    // A leak of all would be 6,250 MiB mapped, of which 625 MiB were written to, and a quarter of
    // both with few rounds. The runtimes' own heaps grow by up to 150 MiB, and no further in
    // another 100,000 cycles.
    const mapped = (after.mapped - before.mapped) / 2 ** 20;
    assert(mapped < 512, `${mapped} MiB more are mapped`);
    assert(before.resident > 0);
    const resident = (after.resident - before.resident) / 2 ** 20;
    assert(resident < 256, `${resident} MiB more are resident`);
  },
  { skip: withoutRegions() },
);

test("a held range goes when neither the handle nor a buffer is reachable", async () => {
  const { kept, dropped } = await childValue<{ kept: number; dropped: number }>("held_ranges.ts");
  assertEquals(kept, 8);
  assert(dropped <= 2, `${dropped} of 8 stay mapped`);
}, { skip: withoutRegions() });

test("unmap() leaves its handle open and the memory mapped, or neither, when little is left of the stack", async () => {
  const value = await childValue("unmap_stack_kinds.ts");
  assertEquals(value, { isRefused: true, errors: 0, lost: 0 });
});

test("many cycles of mapMirrored() leave no mapping and no descriptor", async () => {
  const { left, opened } = await childValue<{ left: number; opened: number }>("mirrors.ts");
  assertEquals(left, 0);
  assert(opened < 10, `${opened} descriptors are left`); // the runtime may open some itself
}, { skip: withoutRegions() });

test("all threads together hold as many ranges as one may, and a small share each", async () => {
  const counts = await childValue<number[]>("held_by_threads.ts");
  assertEquals(counts.length, 3);
  const sum = counts.reduce((sum, count) => sum + count, 0);
  assert(sum <= MAX_HELD_RANGES * (1 + 3 / 64), `${counts}`);
  assert(counts.every((count) => count > 0), `${counts}`);
});
