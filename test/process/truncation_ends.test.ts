import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { childArguments, EXECUTABLE, execute, run, runChild } from "../support/child_processes.ts";
import { test, unlessLinux } from "../support/harness.ts";
import { withoutSmaps } from "../support/memory_map.ts";

const skip = unlessLinux("only Linux has the guard");
const PROGRAM = "truncation.ts";

/** The end of the process without a guard, by case. */
const ends: Record<string, ReturnType<typeof runChild>> = {};

function endWithout(name: string): ReturnType<typeof runChild> {
  return ends[name] ??= runChild(PROGRAM, { args: ["unguarded", name] });
}

test("the process ends when a file is truncated that is not guarded", async () => {
  for (const name of ["before the first load", "before a store"]) {
    const { code, stdout } = await endWithout(name);
    assert(code !== 0, stdout);
    assertEquals(stdout, "");
  }
}, { skip });

// An emulator of processors lets the fault come again for ever.
const skipIgnored = withoutSmaps() && "the emulator ends no process whose fault is ignored";

/** The output of a case before it ends the process, which it does in the same way without a guard. */
const ENDED: Readonly<Record<string, string>> = {
  "past what is guarded": "[0,1]\n",
  "past where it ends now": "[0,1]\n",
  "after it was released": "[0,1]\n",
  "while it is suspended": "[0,1]\n",
  "in a file that nobody guards": "",
  "in a file that nobody guards, by default": "",
  "in a file that nobody guards, ignored": "",
  "a fault without an address, ignored": "",
  "SIGBUS that someone sends": "",
  "SIGBUS that someone sends, by default": "",
  "a handler for once that was there before": "[1,0]\n",
  "a handler that sets the default, which was there before": "alive\n",
};

/** Cases that without a guard are another one: a load where the file is truncated. */
const PLAIN = /^(past|after|while) |^in a file that nobody guards$/;

for (const [name, expected] of Object.entries(ENDED)) {
  test(`guard() lets the process end as it would without: ${name}`, async () => {
    const { code, signal, stdout } = await runChild(PROGRAM, { args: ["guarded", name] });
    assertEquals(stdout, expected);
    const without = await endWithout(PLAIN.test(name) ? "before the first load" : name);
    assertNotEquals(code, 0);
    assertEquals([code, signal], [without.code, without.signal]);
  }, { skip: name.endsWith("ignored") ? skip ?? skipIgnored : skip });
}

test(
  "guard() ends the process by a fault of others also when it would not come again",
  async () => {
    const { code, stdout } = await runChild(PROGRAM, {
      args: ["guarded", "in a file that nobody guards, which is as long again by then"],
    });
    assertEquals(stdout, "");
    const without = await endWithout("in a file that nobody guards, by default");
    assert(code !== 0 && code === without.code, `${code} and ${without.code}`);
  },
  { skip },
);

const skipContainer = skip ??
  (run("unshare", ["--pid", "--fork", "--mount-proc", "true"]).status === 0
    ? undefined
    : "this process may not make a namespace of processes");

test(
  "guard() leaves a SIGBUS without effect that someone sends to the first process of a container",
  async () => {
    const args = ["guarded", "in the first process of a container"];
    const options = ["--pid", "--fork", "--mount-proc", EXECUTABLE];
    const { stdout } = await execute("unshare", [...options, ...childArguments(PROGRAM, { args })]);
    assertEquals(JSON.parse(stdout), [args[1], [1, true, [0, 0], 1]]);
  },
  { skip: skipContainer },
);
