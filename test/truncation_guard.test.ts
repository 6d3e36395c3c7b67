import { assert, assertEquals } from "@std/assert";
import { childValue, runChild, test, unlessLinux } from "./harness.ts";
import { withoutSmaps } from "./memory_map.ts";

const skip = unlessLinux("only Linux has the guard");
const PROGRAM = "truncation.ts";

/** What a case comes to where there is a guard. Without one each ends the process. */
const SURVIVED: Readonly<Record<string, unknown>> = {
  "before the first load": [[0, 0, 0, 0], 1],
  "between two loads": [[7, 7, 7, 7], [7, 7, 0, 0], 1],
  "before a store": [42, [7, 0, 0, 0], [9, 9, 9, 9], 2],
  "in the middle of a page": [[7, 1, 2, 3, 4, 0], 1],
  "while a loop of this thread runs": [true, true, true],
  "in four workers at once": [true, [0, 0, 0, 0], true],
  "in a worker when the main thread guards it": [8, 8],
  "when the worker that guards it has ended": [7, 0],
  "when a thread of the runtime reads it": [64, 7, 0, 0],
  "when the kernel reads it": [true, 0],
  "again and again": [2000, 2000],
  "in the last of many mappings": [[0, 0, 0, 0], 1, [0, 0, 0, 0], 1],
  "again after it was suspended": [[0, 0, 0, 0], 1],
  "another version of the code below": [true, [[0, 0, 1], [0, 0, 1]], [20, 20]],
  "another version of the code above": [true, [[0, 0, 1], [0, 0, 1]], [20, 20]],
  "a copy of the module": [true, [0, 0], 1, [0, 0], 1],
  "traps of WebAssembly": [true, 1000, 0, [0, 0], 1],
};

for (const [name, expected] of Object.entries(SURVIVED)) {
  test(`guard() lets loads and stores go on: ${name}`, async () => {
    assertEquals(await childValue(PROGRAM, { args: [name] }), expected);
  }, { skip });
}

test("the process ends when a file is truncated that is not guarded", async () => {
  for (const name of ["before the first load", "before a store"]) {
    const { code, stdout } = await runChild(PROGRAM, { args: [name, "unguarded"] });
    assert(code !== 0, stdout);
    assertEquals(stdout, "");
  }
}, { skip });

// An emulator of processors lets the fault come again for ever.
const skipIgnored = withoutSmaps() && "the emulator ends no process whose fault is ignored";

/** What a case prints before it ends the process, which it does in the same way without a guard. */
const ENDED: Readonly<Record<string, string>> = {
  "past what is guarded": "[0,1]\n",
  "after it was released": "[0,1]\n",
  "while it is suspended": "[0,1]\n",
  "in a file that nobody guards": "",
  "in a file that nobody guards, by default": "",
  "in a file that nobody guards, ignored": "",
  "SIGBUS that someone sends": "",
  "SIGBUS that someone sends, by default": "",
  "a handler for once that was there before": "[1,0]\n",
};

for (const [name, expected] of Object.entries(ENDED)) {
  test(`guard() lets the process end as it would without: ${name}`, async () => {
    const { code, stdout } = await runChild(PROGRAM, { args: [name] });
    assertEquals(stdout, expected);
    const without = await runChild(PROGRAM, { args: [name, "unguarded"] });
    assert(code !== 0 && code === without.code, `${code} and ${without.code}`);
  }, { skip: name.endsWith("ignored") ? skip ?? skipIgnored : skip });
}

test("guard() leaves an ignored SIGBUS ignored when someone sends it", async () => {
  const args = ["SIGBUS that someone sends, ignored"];
  assertEquals(await childValue(PROGRAM, { args }), 0);
}, { skip });

test("guard() goes on to the handler that was there before, with its mask", async () => {
  const args = ["a handler that was there before"];
  assertEquals(await childValue(PROGRAM, { args }), [2, 1, 1, [0, 0], 2]);
}, { skip });
