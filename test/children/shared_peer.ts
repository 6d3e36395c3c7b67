// Maps shared memory and does with it what it is told, a line each; answers in a line each.
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Mmap, MmapOptions, removeShared, type SharedMode } from "../../mod.ts";

const decoder = new TextDecoder();
let mmap: Mmap | undefined;

/** The orders that it takes. */
const COMMANDS: Readonly<Record<string, (...args: string[]) => unknown>> = {
  map(name = "", mode = "open", len = "0") {
    mmap = new MmapOptions({ len: Number(len) }).mapShared(name, { mode: mode as SharedMode });
    return mmap.byteLength;
  },
  buffer(name = "") {
    mmap = new MmapOptions({ sharedBuffer: true }).mapShared(name, { mode: "open" });
    return Object.prototype.toString.call(mmap.buffer);
  },
  wait(offset = "0", expected = "0") {
    return mmap!.wait(Number(offset), Number(expected), 10_000);
  },
  notify(offset = "0") {
    return mmap!.notify(Number(offset));
  },
  read(offset = "0", length = "0") {
    const bytes = new Uint8Array(Number(length));
    mmap!.read(bytes, Number(offset));
    return decoder.decode(bytes);
  },
  write(offset = "0", text = "") {
    mmap!.view(Uint8Array, Number(offset), text.length).set(new TextEncoder().encode(text));
    return "written";
  },
  add(offset = "0", count = "1") {
    return Atomics.add(mmap!.view(Int32Array, Number(offset), 1), 0, Number(count));
  },
  /** Counts for ever: it is to be killed. */
  count(offset = "0") {
    const words = mmap!.view(Int32Array, Number(offset), 2);
    for (;;) {
      words[1] = words[0]! + 1;
      Atomics.add(words, 0, 1);
    }
  },
  /** Makes and removes memory for ever: it is to be killed. */
  churn(name = "", len = "0") {
    const options = new MmapOptions({ len: Number(len) });
    for (let round = 0;; round++) {
      try {
        options.mapShared(name, { mode: "create" }).unmap();
        removeShared(name);
      } catch (error) {
        // On Windows a name stays as long as anyone has it open.
        if ((error as { readonly code?: string }).code !== "EEXIST") throw error;
      }
      if (round === 100) writeSync(1, "churning\n");
    }
  },
  unmap() {
    mmap!.unmap();
    return "unmapped";
  },
  remove(name = "") {
    removeShared(name);
    return "removed";
  },
};

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [command = "", ...args] = line.split(" ");
  let answer: unknown;
  try {
    answer = COMMANDS[command]!(...args);
  } catch (error) {
    const { name, code = name } = error as { readonly name: string; readonly code?: string };
    answer = code;
  }
  console.log(String(answer));
});
lines.on("close", () => process.exit(0));
console.log("ready");
