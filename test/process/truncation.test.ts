import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { childValue, childValues, runChild } from "../support/child_processes.ts";
import { platform, test, unlessLinux } from "../support/harness.ts";
import { isMusl, withoutSmaps } from "../support/memory_map.ts";
import { rounds } from "../support/rounds.ts";

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
        good: ["nothing", "nothing", "nothing", "nothing"],
        others: [true, false],
        lost: [3, 0, 0],
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

/** The outcomes of read(), write(), flush(), view() and discard(). */
const ALL = ["ok", "ok", "ok", "ok", "ok"];
const ALL_BUT_FLUSH = ["EFAULT", "EFAULT", "ok", "EFAULT", "EFAULT"];
const BUT_DISCARD = ["ok", "ok", "ok", "ok", "ENOTSUP"];
const NONE = ["EFAULT", "EFAULT", "EFAULT", "EFAULT", "ENOTSUP"];

/** The outcome of each case with a guard. Without one each ends the process. */
const SURVIVED: Readonly<Record<string, unknown>> = {
  "before the first load": [[0, 0, 0, 0], 1],
  "between two loads": [[7, 7, 7, 7], [7, 7, 0, 0], 1],
  "before a store": [42, [7, 0, 0, 0], [9, 9, 9, 9], 2],
  "in the middle of a page": [[7, 1, 2, 3, 4, 0], 1],
  "in the middle of a mapping": [[7, 0, 0, 7, 5, 7], 2],
  "in very many places of a mapping": [575, 700], // what is between the others went with them
  "one page after the other": [1400, [0, 7, 7, 7], 1],
  "in a long file": [1, true],
  "that is called a fault of alignment": [[7, 0, 0, 7, 0, 7], 2],
  "and what was not lost stays": [
    [[2, false], [ALL, ALL, ALL_BUT_FLUSH, ALL_BUT_FLUSH, ALL_BUT_FLUSH], 0, 4, true],
    [[2, false], [BUT_DISCARD, BUT_DISCARD, NONE, NONE, NONE], 0, 4, true],
  ],
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
  "a fault of alignment": [1, 1, [7, 0], 1],
  "while its handler is not told yet what it has replaced": [2, 2],
  "when another's handler is above, and copies": [false, ["EFAULT", "EFAULT"]],
  "a copy of the module": [true, [0, 0], 1, [0, 0], 1],
  "traps of WebAssembly": [true, 1000, 0, [0, 0], 1],
  "after a handler that was there before has set the default": [true, [0, 0], 1],
};

/** The outcomes of cases, from one child. */
const guarded = (...names: readonly string[]) =>
  childValues<unknown>(PROGRAM, names, { args: ["guarded"] });

// An emulator of processors takes a signal that is sent so for a fault of its own.
const skipAlignment = withoutSmaps() && "the emulator ends by such a signal";

const survived = guarded(...Object.keys(SURVIVED));
for (const [name, expected] of Object.entries({ ...SURVIVED, ...SURVIVED_ALONE })) {
  test(`guard() lets loads and stores go on: ${name}`, async () => {
    const result = name in SURVIVED ? survived : guarded(name);
    assertEquals(await result(name), expected);
  }, { skip: name === "a fault of alignment" ? skip ?? skipAlignment : skip });
}

test(
  "truncationGuarded tells of the guard before it is installed, and does not install it",
  async () => {
    const name = "before a mapped file is used";
    assertEquals(await guarded(name)(name), [true, true, 7, false]);
  },
  { skip },
);

/** A resource that has run out, the number of files that are loaded from, and the most pages of each that are lost. */
const SHORTAGES: readonly (readonly [shortage: string, files: number, most: number])[] = [
  ["mappings", 8, 6],
  ["mappings", 100, 8], // the whole file, where the reserve is used up: no mapping more
  ["data", 40, 6],
  ["addresses", 40, 6],
];

for (const [shortage, files, most] of SHORTAGES) {
  test(`loads from ${files} truncated files go on without any ${shortage} left`, async () => {
    const found = await childValue("guard_shortage.ts", {
      args: [shortage, String(files)],
      atMappingLimit: shortage === "mappings",
    });
    assertEquals(found, { before: files * 8 * 7, sum: files * 2 * 7, least: 6, most });
  }, {
    skip: skip ?? withoutSmaps() ?? (isMusl() ? "with musl engines find no memory" : undefined),
  });
}

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

test(
  "a handle goes on guarding its file when another one is closed and collected, and tells its tickets what is lost",
  async () => {
    assertEquals(await childValue("shared_guard.ts"), { byte: 0, truncated: [true, true] });
  },
  { skip: unlessLinux("no other system truncates what is mapped, or tells of it") },
);
