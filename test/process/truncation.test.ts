import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  childArguments,
  childValue,
  childValues,
  EXECUTABLE,
  execute,
  run,
  runChild,
} from "../child_processes.ts";
import { platform, test, unlessLinux } from "../harness.ts";
import { withoutSmaps } from "../memory_map.ts";
import { rounds } from "../rounds.ts";

const skip = unlessLinux(
  platform === "win32"
    ? "Windows does not let a mapped file be truncated"
    : "only Linux has the guard",
);
const PROGRAM = "truncation.ts";

for (const kind of ["map", "mapMut"] as const) {
  test(
    `views of ${kind}() read zeros where the file was truncated, and calls throw EFAULT`,
    async () => {
      const { lock, ...found } = await childValue<Record<string, unknown>>(
        "truncated_views.ts",
        { args: [kind, "guarded"] },
      );
      // Linux before 5.14, and an emulator, do not tell a lost page from the lock limit.
      assert(lock === "EFAULT" || lock === "ENOMEM", `${lock}`);
      assertEquals(found, {
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

const again = rounds("truncatedAgain");

/** What a case comes to where there is a guard. Without one each ends the process. */
const SURVIVED: Readonly<Record<string, unknown>> = {
  "before the first load": [[0, 0, 0, 0], 1],
  "between two loads": [[7, 7, 7, 7], [7, 7, 0, 0], 1],
  "before a store": [42, [7, 0, 0, 0], [9, 9, 9, 9], 2],
  "in the middle of a page": [[7, 1, 2, 3, 4, 0], 1],
  "in the middle of a mapping": [[7, 0, 0, 7, 5, 7], 2],
  "in very many places of a mapping": [64, 65],
  "while a loop of this thread runs": [true, true, true],
  "in four workers at once": [true, [0, 0, 0, 0], true],
  "in a worker when the main thread guards it": [8, 8],
  "when a thread of the runtime reads it": [64, 7, 0, 0],
  "when the kernel reads it": [true, 0],
  "again and again": [again, again],
  "in the last of many mappings": [[0, 0, 0, 0], 1, [0, 0, 0, 0], 1],
  "again after it was suspended": [[0, 0, 0, 0], 1],
  "while its owner gives the memory back": [[0, 0, 0, 0], 0],
  "after its owner could not give the memory back": [[0, 0, 0, 0], 1],
  "when its mapping is unmapped meanwhile": [true, true, 0, [0, 0], 1],
  "when its mapping becomes longer meanwhile": [true, true, 0, [0, 0], 1],
  "when its mapping becomes shorter meanwhile": [true, true, 0, [0, 0], 1],
  "when the last handle of its mapping is unmapped meanwhile": [true, true, 0, [0, 0], 1],
};

/** The same, of cases to which the process must be new: they have something there before the guard is. */
const SURVIVED_ALONE: Readonly<Record<string, unknown>> = {
  "when the worker that guards it has ended": [7, 0],
  "another version of the code below": [true, [[0, 0, 1], [0, 0, 1]], [20, 20]],
  "another version of the code above": [true, [[0, 0, 1], [0, 0, 1]], [20, 20]],
  "in a thread that blocks SIGBUS": [[0, 0], 1],
  "while its handler is not told yet what it has replaced": [2, 2],
  "when another's handler is above, and copies": [true, ["EFAULT", "EFAULT"]],
  "a copy of the module": [true, [0, 0], 1, [0, 0], 1],
  "traps of WebAssembly": [true, 1000, 0, [0, 0], 1],
  "after a handler that was there before has set the default": [true, [0, 0], 1],
};

/** What cases come to, of one child. */
const guarded = (...names: readonly string[]) =>
  childValues<unknown>(PROGRAM, names, { args: ["guarded"] });

const survived = guarded(...Object.keys(SURVIVED));
for (const [name, expected] of Object.entries({ ...SURVIVED, ...SURVIVED_ALONE })) {
  test(`guard() lets loads and stores go on: ${name}`, async () => {
    const result = name in SURVIVED ? survived : guarded(name);
    assertEquals(await result(name), expected);
  }, { skip });
}

test("the process ends when a file is truncated that is not guarded", async () => {
  for (const name of ["before the first load", "before a store"]) {
    const { code, stdout } = await runChild(PROGRAM, { args: ["unguarded", name] });
    assert(code !== 0, stdout);
    assertEquals(stdout, "");
  }
}, { skip });

// An emulator of processors lets the fault come again for ever.
const skipIgnored = withoutSmaps() && "the emulator ends no process whose fault is ignored";

/** What a case prints before it ends the process, which it does in the same way without a guard. */
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

for (const [name, expected] of Object.entries(ENDED)) {
  test(`guard() lets the process end as it would without: ${name}`, async () => {
    const { code, signal, stdout } = await runChild(PROGRAM, { args: ["guarded", name] });
    assertEquals(stdout, expected);
    const without = await runChild(PROGRAM, { args: ["unguarded", name] });
    assertNotEquals(code, 0);
    assertEquals([code, signal], [without.code, without.signal]);
  }, { skip: name.endsWith("ignored") ? skip ?? skipIgnored : skip });
}

test(
  "guard() ends the process by a fault of others also when it would not come again",
  async () => {
    const name = "in a file that nobody guards";
    const { code, stdout } = await runChild(PROGRAM, {
      args: ["guarded", "in a file that nobody guards, which is as long again by then"],
    });
    assertEquals(stdout, "");
    const without = await runChild(PROGRAM, { args: ["unguarded", `${name}, by default`] });
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

test("unmap() leaves the guard what it is while threads of the runtime fault", async () => {
  assertEquals(await childValue("unmapped_under_faults.ts"), {
    isGuarded: true,
    lost: 0,
    loaded: 0,
  });
}, { skip });

test("guard() leaves an ignored SIGBUS ignored when someone sends it", async () => {
  const name = "SIGBUS that someone sends, ignored";
  assertEquals(await guarded(name)(name), 0);
}, { skip });

test("guard() goes on to the handler that was there before, with its mask", async () => {
  const name = "a handler that was there before";
  assertEquals(await guarded(name)(name), [2, 1, 1, [0, 0], 2]);
}, { skip });
