import { assertEquals, assertNotEquals } from "@std/assert";
import { MmapOptions } from "../mod.ts";
import { childValue, platform, runChild, test, unlessLinux } from "./harness.ts";

const skip = unlessLinux(
  platform === "win32"
    ? "Windows does not let a mapped file be truncated"
    : "only Linux has the guard",
);

for (const kind of ["map", "mapMut"] as const) {
  test(
    `views of ${kind}() read zeros where the file was truncated, and calls throw EFAULT`,
    async () => {
      assertEquals(await childValue("truncated_views.ts", { args: [kind, "guarded"] }), {
        before: [true, false, 7],
        loaded: [7, 0, 0],
        stored: 5,
        truncated: true,
        codes: Array.from({ length: 7 }, () => "EFAULT"),
        others: [true, false],
        again: [9, false],
      });
    },
    { skip },
  );

  test(`a load from a view of ${kind}() ends the process without the guard`, async () => {
    const { code } = await runChild("truncated_views.ts", { args: [kind, "unguarded"] });
    assertNotEquals(code, 0);
  }, { skip });
}

test("truncated and truncationGuarded are false for anonymous memory", () => {
  const mmap = new MmapOptions({ len: 1 }).mapAnon();
  assertEquals([mmap.truncated, mmap.truncationGuarded], [false, false]);
  mmap.unmap();
});
