import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import type { Tally } from "../tools/suite.ts";
import { runJob } from "../tools/test_jobs.ts";

const HARNESS = new URL("../../test/support/harness.ts", import.meta.url).href;

/** The outcome of a file of these lines in each runner. */
async function outcomes(lines: string, maxMs?: number): Promise<readonly Tally[]> {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "some.test.ts");
    await Deno.writeTextFile(file, `import { test } from ${JSON.stringify(HARNESS)};\n${lines}\n`);
    return await Promise.all(
      ["deno", "bun", "node26"].map((runtime) =>
        runJob({ runtime, files: [file] }, "quick", maxMs)
      ),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("runJob() counts what passed, failed and was skipped", async () => {
  const tallies = await outcomes(
    `test("passes", () => {});
    test('fails: <a> & "b"', () => { throw new Error("on purpose"); });
    test("is not run", () => {}, { skip: "a reason" });`,
  );
  for (const tally of tallies) {
    assertEquals(tally, {
      passed: 1,
      failed: ['fails: <a> & "b"'],
      skipped: ["is not run [skipped: a reason]"],
    });
  }
});

Deno.test("runJob() has failed when a file cannot be loaded, has no test, ends or aborts", async () => {
  const abort = 'process.kill(process.pid, "SIGABRT")';
  for (
    const [lines, reason] of Object.entries({
      'throw new Error("on purpose");': /is loaded|ended with 1/,
      "": /^the run ended with 0, and no test was reported$/,
      'test("passes", () => {}); test("exits", () => process.exit(0));': /^exits$|ended with 0/,
      [`test("aborts", () => { ${abort}; });`]: /^the run ended with SIGABRT/,
    })
  ) {
    for (const { failed } of await outcomes(lines)) {
      assertEquals(failed.length, 1);
      assertMatch(failed[0]!, reason);
    }
  }
});

Deno.test("runJob() has not failed when all of a file is skipped", async () => {
  for (const tally of await outcomes('test("is not run", () => {}, { skip: "a reason" });')) {
    assertEquals([tally.passed, tally.failed.length, tally.skipped.length], [0, 0, 1]);
  }
});

Deno.test("runJob() ends a job that takes too long", async () => {
  for (const { failed } of await outcomes('test("hangs", () => { while (true); });', 3000)) {
    assertEquals(failed, ["the run was ended after 0.05 minutes"]);
  }
});
