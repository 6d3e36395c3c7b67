// What becomes of files in WebAssembly memories when the collector takes handles and memories.
// Prints a line for each case that the arguments name.
import { Buffer } from "node:buffer";
import { truncateSync } from "node:fs";
import { type Mmap, MmapOptions, regions } from "../../mod.ts";
import { collectGarbage, collectUntil } from "../support/harness.ts";
import { rounds } from "../support/rounds.ts";
import { contents, TempFolder } from "../support/temp_files.ts";
import { makeMemory, moduleOver, WASM_PAGE } from "../support/wasm_module.ts";

const kind = process.argv[2] as "plain" | "shared";
const BYTE = 77;
/** As many memories as an engine could keep to use them again. */
const LATER = 40;

const { compare } = Buffer; // without code compiled, a loop over all bytes takes seconds
const EMPTY = new Uint8Array(WASM_PAGE);
const FULL = new Uint8Array(WASM_PAGE).fill(BYTE);

const folder = new TempFolder();
let files = 0;
const file = (): string => folder.file(`${files++}`, new Uint8Array(WASM_PAGE).fill(BYTE));
const countMapped = (path: string): number =>
  regions().filter((region) => region.path === path).length;

/** Maps in a frame of its own, so that no local keeps anything. */
function inFrame<T>(map: () => T): T {
  return map();
}

function mapped(path: string): { memory: WebAssembly.Memory; mmap: Mmap } {
  const memory = makeMemory(kind, 1, 2);
  const mmap = new MmapOptions().into(memory, 0).mapMut(path);
  void mmap.bytes[0]; // guarded
  return { memory, mmap };
}

/** Whether later memories are empty and the file stays as it is, whatever they hold. */
function areApart(path: string): boolean {
  const memories = Array.from(
    { length: LATER },
    () => new Uint8Array(makeMemory(kind, 1, 2).buffer),
  );
  const areEmpty = memories.every((bytes) => compare(bytes, EMPTY) === 0);
  for (const bytes of memories) bytes.fill(1);
  return areEmpty && compare(contents(path), FULL) === 0;
}

const CASES: Readonly<Record<string, () => unknown>> = {
  async "the memory stays"() {
    const path = file();
    const memory = inFrame(() => mapped(path).memory);
    await collectGarbage();
    const module = moduleOver(memory);
    const loaded = module.load(WASM_PAGE - 1);
    module.store(5, 78);
    memory.grow(1);
    module.store(6, 79);
    truncateSync(path, 100);
    return [loaded, ...contents(path).subarray(5, 7), module.load(5000), countMapped(path)];
  },

  async "a view stays"() {
    const path = file();
    const bytes = inFrame(() => new Uint8Array(mapped(path).memory.buffer));
    await collectGarbage();
    const loaded = bytes[5];
    truncateSync(path, 100);
    return [loaded, bytes[5000], bytes[20_000]];
  },

  async "the handle stays"() {
    const path = file();
    const mmap = inFrame(() => mapped(path).mmap);
    await collectGarbage();
    const apart = areApart(path);
    mmap.bytes[5] = 78;
    mmap.unmap();
    return [apart, contents(path)[5], countMapped(path)];
  },

  async "nothing stays"() {
    const path = file();
    for (let count = 0; count < 4; count++) inFrame(() => void mapped(path));
    await collectUntil(() => countMapped(path) === 0, 10);
    const count = countMapped(path);
    const before = areApart(path);
    await collectGarbage();
    return [count, before, areApart(path)];
  },

  async "nothing stays of what was unmapped"() {
    const path = file();
    for (let count = 0; count < 4; count++) {
      inFrame(() => {
        const { memory, mmap } = mapped(path);
        mmap.unmap();
        new Uint8Array(memory.buffer).fill(1);
      });
    }
    const before = areApart(path);
    await collectGarbage();
    return [countMapped(path), before, areApart(path)];
  },

  async "nothing stays of two handles"() {
    const path = file();
    const other = file();
    inFrame(() => {
      const memory = makeMemory(kind, 1, 4);
      for (const one of [path, other]) {
        new MmapOptions().into(memory, "grow").mapMut(one).bytes[0] = BYTE;
      }
    });
    await collectGarbage();
    await collectGarbage();
    return [countMapped(path) === countMapped(other), areApart(path), areApart(other)];
  },

  async "another memory takes the place"() {
    const before = Array.from({ length: 4 }, () => inFrame(() => mapped(file()).mmap.address));
    await collectGarbage();
    const again = Array.from({ length: 8 }, () => {
      const path = file();
      const { mmap } = mapped(path);
      truncateSync(path, 100);
      const loaded = mmap.bytes[5000];
      return [loaded, mmap.lostByteLength > 0, mmap.unmap()];
    });
    return [before.length, again.every(([loaded, isLost]) => loaded === 0 && isLost)];
  },

  async "many come and go"() {
    const path = file();
    for (let count = 0; count < rounds("goneMemories"); count++) {
      inFrame(() => {
        const { mmap } = mapped(path);
        if (mmap.bytes[count] !== BYTE) throw new Error(`memory ${count} is not the file`);
        if (count % 3 !== 0) mmap.unmap();
      });
      if (count % 30 === 0) await collectGarbage();
    }
    return [areApart(path)];
  },
};

for (const name of process.argv.slice(3)) {
  console.log(JSON.stringify([name, await CASES[name]!()]));
}
folder[Symbol.dispose]();
process.exit(0);
