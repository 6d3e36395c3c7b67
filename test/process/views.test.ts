import { assertEquals, assertNotEquals } from "@std/assert";
import { childValue, runChild } from "../support/child_processes.ts";
import { test } from "../support/harness.ts";

test("no read or store through a stale view crashes the process", async () => {
  assertEquals(await childValue("stale_views.ts"), { survived: true });
});

test("a read of freed memory does, so that the test before would notice one", async () => {
  const { code, stdout } = await runChild("freed_memory.ts");
  assertEquals(stdout.trim(), "read 0");
  assertNotEquals(code, 0);
});

test("protect() and decommit() leave no view of what they changed when they end midway", async () => {
  assertEquals(await childValue("interrupted.ts"), [7, 7, 6]);
});

test("protect() is EBUSY while a pending call uses a buffer of the pages, and goes on once it is collected", async () => {
  const { first, last } = await childValue<Record<string, unknown>>("protected.ts");
  // The call is done with what it had, or says that its buffer was detached.
  assertEquals([first, last], ["EBUSY", "none"]);
});
