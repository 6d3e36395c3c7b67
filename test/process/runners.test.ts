import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { childUrl } from "../support/bundled.ts";
import { EXECUTABLE, execute } from "../support/child_processes.ts";
import { runtime, test } from "../support/harness.ts";

const isolation = runtime === "node"
  ? ["--test-isolation", "--experimental-test-isolation"].find((flag) =>
    process.allowedNodeEnvironmentFlags.has(flag)
  )
  : undefined;

/** The ways to run tests that this runtime has. */
const RUNNERS: Readonly<Record<typeof runtime, readonly (readonly string[])[]>> = {
  deno: [["test", "-A", "--no-check", "--no-config"]],
  bun: [["test"]],
  node: isolation === undefined
    ? [["--test"]]
    : ["none", "process"].map((mode) => ["--test", `${isolation}=${mode}`]),
};

test("the runner of tests ends where a test leaves a waitAsync() pending that is not to hold it", async () => {
  const program = fileURLToPath(childUrl("left_pending.ts"));
  const runs = RUNNERS[runtime].map((flags) => execute(EXECUTABLE, [...flags, program], 60_000));
  for (const { code, signal, stdout, stderr } of await Promise.all(runs)) {
    assertEquals([code, signal], [1, null], stdout + stderr);
    assertMatch(stdout + stderr, /\b2 (pass|passed)\b|\bpass 2\b/);
  }
});
