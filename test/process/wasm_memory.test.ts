import { assertEquals } from "@std/assert";
import { childValue, childValues } from "../support/child_processes.ts";
import { runtime, test, unlessLinux } from "../support/harness.ts";
import { withoutRegions } from "../support/memory_map.ts";
import { MEMORY_KINDS, withoutEngineMemory } from "../support/wasm_module.ts";

/** How many of four collected mappings stay: JavaScriptCore would use their memories again. */
const KEPT = runtime === "bun" ? 4 : 0;

/** What a case comes to. */
const LIFETIMES: Readonly<Record<string, unknown>> = {
  "the memory stays": [77, 78, 79, 0, 1],
  "a view stays": [77, 0, 0],
  "the handle stays": [true, 78, 0],
  "nothing stays": [KEPT, true, true],
  "nothing stays of what was unmapped": [0, true, true],
  "nothing stays of two handles": [true, true, true],
  "another memory takes the place": [4, true],
  "many come and go": [true],
};

for (const kind of MEMORY_KINDS) {
  const names = Object.keys(LIFETIMES);
  const valueOf = childValues<unknown>("wasm_lifetimes.ts", names, { args: [kind] });
  for (const [name, expected] of Object.entries(LIFETIMES)) {
    test(
      `garbage collection leaves the file in a ${kind} memory as it is when ${name}`,
      async () => {
        assertEquals(await valueOf(name), expected);
      },
      { skip: withoutEngineMemory ?? withoutRegions() },
    );
  }
}

/** What a case comes to: in Bun no thread but the main one maps. */
const inThread = (value: unknown): unknown => runtime === "bun" ? "ENOTSUP" : value;
const THREADS: Readonly<Record<string, unknown>> = {
  "a thread that ends has mapped into its own memory": [
    inThread([77, undefined]),
    0,
    true,
    true,
  ],
  "another memory takes the place of one whose thread has ended": true,
  "a thread that ends has mapped into its shared memory": inThread([77, 78, 0, 1]),
  "a thread that ends has mapped into the memory of another": inThread([77, 78, 0]),
  "a thread that ends has had the buffer": ["waiting", [78, 79], true, 78, 77],
  "a thread waits for a word of the buffer": ["ok", 1],
  "the memory grows in another thread meanwhile": [true, 221],
  "two threads map behind the end at once": inThread([true, 40]),
  "two threads map at one place at once": inThread(true),
};
const valueOf = childValues<unknown>("wasm_threads.ts", Object.keys(THREADS));
for (const [name, expected] of Object.entries(THREADS)) {
  test(`files in WebAssembly memories stay as they are when ${name}`, async () => {
    assertEquals(JSON.stringify(await valueOf(name)), JSON.stringify(expected));
  }, { skip: withoutEngineMemory ?? withoutRegions() });
}

const TRAPS = ["RuntimeError", "RuntimeError", "RuntimeError"];
for (const kind of MEMORY_KINDS) {
  for (const first of ["guard", "fault"] as const) {
    test(
      `WebAssembly code traps beyond a ${kind} memory and reads zeros in lost pages when the ${first} comes first`,
      async () => {
        const args = [kind, first];
        assertEquals(await childValue<Record<string, unknown>>("wasm_faults.ts", { args }), {
          ...(first === "guard" ? { guarded: 77 } : { first: TRAPS }),
          loaded: [77, 77, true],
          faults: [TRAPS, TRAPS],
          lost: [0, 0, 77, true],
          stored: 5,
          "faults again": [TRAPS, TRAPS],
          later: [TRAPS, 0],
          unmapped: [0, TRAPS],
          file: [65_537, true],
        });
      },
      { skip: withoutEngineMemory ?? unlessLinux("only Linux has the guard") },
    );
  }
}

const LOSSES: Readonly<Record<string, unknown>> = {
  "a module loads them before the handle is used": [0, 2, true],
  "other pages of the file are there": [[0, 0, 0], ["EEXIST", "EEXIST"], 78],
  "no page of the file is left": [[0, 0, 0], [true, "EBADF", null], [0, 79, 78], 0, 0],
};
const lossOf = childValues<unknown>("wasm_losses.ts", Object.keys(LOSSES));
for (const [name, expected] of Object.entries(LOSSES)) {
  test(`lost pages in memory of the engine are no other's when ${name}`, async () => {
    assertEquals(await lossOf(name), expected);
  }, { skip: withoutEngineMemory ?? unlessLinux("only Linux has the guard") });
}

test("into() leaves the memory as it was when a file system refuses to map", async () => {
  assertEquals(await childValue("wasm_refused.ts"), ["ENODEV", true]);
}, { skip: unlessLinux("only Linux has files that it refuses so late") });

test(
  "a mapping is closed, and its file stays as it is, when the engine moves the memory",
  async () => {
    const permissions = ["--disable-wasm-trap-handler"];
    const { again, ...found } = await childValue<Record<string, unknown>>("wasm_moves.ts", {
      permissions,
    });
    assertEquals(found, {
      hasMoved: true,
      hasLeft: true,
      ended: "EBADF",
      copied: [78, 77],
      state: [true, 0, "0"],
      code: "EBADF",
      unmapped: "undefined",
      file: [78, 77, 77],
    });
    assertEquals(again, 78);
  },
  { skip: runtime === "node" ? unlessLinux("limits are Linux's") : "only Node.js can be made to" },
);
