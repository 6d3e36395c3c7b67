import { assertEquals, assertNotEquals } from "@std/assert";
import { childValue, runChild } from "../child_processes.ts";
import { test } from "../harness.ts";

test("no read or store through a stale view crashes the process", async () => {
  assertEquals(await childValue("stale_views.ts"), { survived: true });
});

test("a read of freed memory does, so that the test before would notice one", async () => {
  const { code, stdout } = await runChild("freed_memory.ts");
  assertEquals(stdout.trim(), "read 0");
  assertNotEquals(code, 0);
});

test("protect() and decommit() leave no view of what they changed when they end midway", async () => {
  assertEquals(await childValue("interrupted.ts"), [5, 5, 4]);
});
