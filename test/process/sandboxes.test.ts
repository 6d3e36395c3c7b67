import { assertEquals } from "@std/assert";
import { childValue } from "../support/child_processes.ts";
import { runtime, test } from "../support/harness.ts";

/** The flags that docs/guide/sandboxes.md tells of, and that need no more permissions. */
const FLAGS: Readonly<Record<typeof runtime, readonly (readonly string[])[]>> = {
  deno: [["--no-prompt", "--allow-ffi"]],
  node: [["--jitless"], ["--frozen-intrinsics"], ["--disallow-code-generation-from-strings"]],
  bun: [],
};

test("all of anonymous memory works in a sandbox", async () => {
  const values = FLAGS[runtime].map((permissions) =>
    childValue("sandboxed.ts", { permissions: [...permissions] })
  );
  for (const value of values) assertEquals(await value, [7, true, "timed-out"]);
}, { skip: runtime === "bun" ? "Bun has no such flags" : undefined });
