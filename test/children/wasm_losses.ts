// Loads pages in memory of the engine that a file has lost, and maps over them. Prints a line for
// each case that the arguments name.
import { truncateSync } from "node:fs";
import { type Mmap, MmapOptions, pageSize } from "../../mod.ts";
import { codeOf } from "../support/errors.ts";
import { contents, TempFolder } from "../support/temp_files.ts";
import { makeMemory, moduleOver } from "../support/wasm_module.ts";

const PAGE = pageSize();
const PAGES = 3;
const folder = new TempFolder();
let files = 0;
const file = (byte: number): string =>
  folder.file(`${files++}`, new Uint8Array(PAGES * PAGE).fill(byte));

const memory = makeMemory();
const module = moduleOver(memory);
const map = (path: string, place: number): Mmap =>
  new MmapOptions().into(memory, place).mapMut(path);

const CASES: Readonly<Record<string, () => unknown>> = {
  "a module loads them before the handle is used"() {
    const path = file(77);
    const mmap = map(path, 0);
    truncateSync(path, 1);
    const loaded = module.load(PAGE);
    const lost = mmap.lostByteLength;
    mmap.unmap();
    return [loaded, lost / PAGE, mmap.closed];
  },

  "other pages of the file are there"() {
    const path = file(77);
    const mmap = map(path, 0);
    truncateSync(path, PAGE);
    const loaded = [module.load(PAGE), module.load(2 * PAGE)];
    const codes = [PAGE, 2 * PAGE].map((place) => codeOf(() => map(file(78), place)));
    truncateSync(path, 0);
    loaded.push(module.load(0));
    mmap.unmap();
    const other = map(file(78), PAGE);
    const after = module.load(PAGE);
    other.unmap();
    return [loaded, codes, after];
  },

  "no page of the file is left"() {
    const path = file(77);
    const mmap = map(path, 0);
    truncateSync(path, 0);
    const loaded = [0, 1, 2].map((page) => module.load(page * PAGE));
    const other = map(file(78), PAGE);
    const closed = [mmap.closed, codeOf(() => mmap.bytes), mmap.unmap()];
    other.bytes[0] = 79;
    const after = [0, PAGE, PAGE + 1].map((at) => module.load(at));
    other.unmap();
    return [loaded, closed, after, module.load(PAGE), contents(path).length];
  },
};

for (const name of process.argv.slice(2)) {
  console.log(JSON.stringify([name, CASES[name]!()]));
}
folder[Symbol.dispose]();
process.exit(0);
