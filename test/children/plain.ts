// Uses nothing of the library, but what it does: opens files and the C library, and allocates. The
// arguments: the folder of its file; a seccomp filter, or ""; `threads`, where it starts one.
import { mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { currentRuntime } from "../../ffi/host.ts";
import { collectGarbage } from "../support/harness.ts";
import { filterCalls } from "../probe/seccomp.ts";

const [folder = "", filter = "", threads = ""] = process.argv.slice(2);
if (filter !== "" && !filterCalls(filter)) process.exit(0);
for (let round = 0; round < 20; round++) {
  const made = Array.from({ length: 20_000 }, (_, index) => ({ round, text: `${index}` }));
  if (made.length !== 20_000) throw new Error("Not all was made");
}
// Engines compile what is often called, regular expressions among it, and collect.
const text = "7f00-7f01 r-xp 00000000 00:00 0 /nowhere\n".repeat(2000);
let lines = 0;
for (let round = 0; round < 20; round++) {
  for (const _ of text.matchAll(/^([0-9a-f]+)-([0-9a-f]+) (\S+) .* (\/.*)$/gm)) lines++;
}
if (lines !== 40_000) throw new Error("Not all was found");
crypto.getRandomValues(new Uint8Array(16));
const kept = Array.from({ length: 16 }, () => new Uint8Array(2 ** 20).fill(1));
try {
  const made = mkdtempSync(join(folder, "plain-"));
  writeFileSync(join(made, "file"), kept[0]!);
  readFileSync(join(made, "file"));
  rmSync(made, { recursive: true });
} catch {
  // What is refused is told: that is no end of the runtime.
}
try {
  // Where it cannot close a file, Node.js ends.
  for (let round = 0; round < 60; round++) readFileSync("/proc/self/smaps", "utf8");
} catch {
  // Refused as well, or not there
}
const { getppid } = currentRuntime().open("libc.so.6", {
  getppid: { parameters: [], result: "i32" },
});
getppid();
await collectGarbage();
if (threads === "threads") {
  const source = "process.getBuiltinModule('node:worker_threads').parentPort.postMessage(1)";
  for (let count = 0; count < 4; count++) {
    try {
      const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
      const worker = new Worker(url);
      await new Promise((resolve) => {
        worker.once("message", resolve);
        worker.once("error", resolve);
        worker.once("exit", resolve);
      });
      worker.unref();
    } catch {
      // Refused as well
    }
  }
}
writeSync(1, "end\n");
process.exit(0);
