import { assert, assertEquals } from "@std/assert";
import { childValue } from "../support/child_processes.ts";
import { platform, test, unlessLinux } from "../support/harness.ts";
import { withoutSmaps } from "../support/memory_map.ts";
import { rounds } from "../support/rounds.ts";

test("resize() of a viewed mapping gives old ranges back when no buffer is left", async () => {
  const { held, left, moves } = await childValue<Record<"held" | "left" | "moves", number>>(
    "resized.ts",
  );
  assertEquals(held, 20);
  assert(moves > 45 * (rounds("movedMappings") + 1), `${moves} moves`);
  assert(left < 2 ** 26, `${left} bytes`);
}, { skip: withoutSmaps() }); // an emulator lists mappings in its own way

test("resize() of 256 MiB moves pages, and copies none", async () => {
  const moves = await childValue<readonly { moved: boolean; faults: number; extra: number }[]>(
    "resize_moves.ts",
  );
  for (const { moved, faults, extra } of moves) {
    assert(moved);
    assert(faults < 2 ** 12 && extra < 2 ** 26, `${faults} faults, ${extra} bytes`);
  }
  assertEquals(moves.length, 2);
}, { skip: unlessLinux("only Linux moves pages") });

test("resize() while the runtime reads into a view ends nothing", async () => {
  await childValue("resize_in_flight.ts"); // which throws where the child ends badly
}, { skip: unlessLinux("what is read from is a file of Linux") });

for (const kind of ["mapAnon", "mapMut", "mapShared"]) {
  test(`resize() of ${kind}() by several threads at the same time loses nothing`, async () => {
    const count = rounds("racedRecords");
    const result = await childValue("growth_race.ts", { args: [kind, String(count)] });
    assertEquals(result, { counts: [0, count, count, count], isWhole: true, isFileWhole: true });
  }, {
    skip: kind === "mapShared"
      ? unlessLinux("only Linux makes named memory longer")
      : kind === "mapMut" && platform === "darwin"
      ? "macOS makes no shared file longer"
      : undefined,
  });
}

test("resize() changes nothing when little is left of the stack", async () => {
  assertEquals(await childValue("stack_limit.ts"), { areRefused: true, changed: 0 });
});
