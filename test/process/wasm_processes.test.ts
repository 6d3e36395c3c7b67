import { assert, assertEquals } from "@std/assert";
import { MmapOptions, pageSize } from "../../mod.ts";
import { childValue, runChild } from "../support/child_processes.ts";
import { runtime, test, unlessLinux, use } from "../support/harness.ts";
import { Peer, PROGRAMS, SELF, unlessThere } from "../support/peers.ts";
import { SharedName } from "../support/shared_names.ts";
import { contents, TempFolder } from "../support/temp_files.ts";
import { WASM_PAGE, withoutEngineMemory } from "../support/wasm_module.ts";

const PAGE = pageSize();
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

for (const how of ["return", "drop", "exit", "throw", "trap", "kill"]) {
  test(
    `a file in memory of the engine keeps what was stored when the process ends by ${how}`,
    async () => {
      const path = use(new TempFolder()).file("file", new Uint8Array(WASM_PAGE).fill(77));
      const { bytes: seen } = use(new MmapOptions().mapMut(path));
      const { stderr } = await runChild("wasm_ends.ts", { args: [path, how] });
      for (const bytes of [contents(path), seen]) {
        assertEquals([...bytes.subarray(0, 2)], [78, 79], stderr);
        assert(bytes.subarray(2).every((byte) => byte === 77));
      }
    },
    { skip: withoutEngineMemory },
  );
}

for (const program of [SELF, ...PROGRAMS]) {
  const skip = withoutEngineMemory ?? (program === SELF ? undefined : unlessThere(program));
  test(
    `wait() and notify() of a shared buffer reach that of ${program.name}, and Atomics do not`,
    async () => {
      const { name } = use(new SharedName());
      const options = new MmapOptions({ len: PAGE, sharedBuffer: true });
      const mmap = use(options.mapShared(name, { mode: "create" }));
      const words = new Int32Array(mmap.buffer);
      const peer = Peer.of(program, "shared_peer.ts");
      assertEquals(await peer.line(), "ready");
      assertEquals(await peer.ask(`buffer ${name}`), "[object SharedArrayBuffer]");

      const woken = peer.ask("wait 8 0");
      while (mmap.notify(8) === 0) {
        assertEquals(Atomics.notify(words, 2), 0);
        await turn();
      }
      assertEquals(await woken, "ok");

      const waiting = mmap.waitAsync(4, 0);
      Atomics.store(words, 0, 1);
      assertEquals(await peer.ask("wait 0 0"), "not-equal");
      while (await peer.ask("notify 4") === "0") await turn();
      assertEquals(await waiting, "ok");
      assertEquals(await peer.end(), "0");
    },
    { skip },
  );
}

test(
  "a thread that is terminated while it maps and unmaps leaves the memory to others, and the file whole",
  async () => {
    const found = await childValue("wasm_terminated.ts");
    assertEquals(found, [true, true, true]);
  },
  { skip: withoutEngineMemory ?? (runtime === "bun" ? "only its main thread maps" : undefined) },
);

test(
  "pending calls of the runtime have memory of the engine to the end when it is unmapped",
  async () => {
    const found = await childValue("wasm_pending.ts");
    assertEquals(found, { gzip: true, read: true, write: true, apart: true });
  },
  { skip: withoutEngineMemory },
);

test("sharedBuffer() throws ENOMEM when the engine has too few addresses", async () => {
  const [code, areApart] = await childValue<[string, boolean]>("wasm_limit.ts");
  // Not every engine sets so many addresses aside.
  assert(code === "ENOMEM" || (code === "undefined" && runtime !== "node"), code);
  assert(areApart);
}, { skip: unlessLinux("limits are Linux's") });
