// Has WebAssembly code fault: beyond its memory, and in pages that a file has lost. The arguments
// name the kind of memory, and what comes first: the guard, or code that faults.
import { truncateSync } from "node:fs";
import { MmapOptions } from "../../mod.ts";
import { contents, TempFolder } from "../support/temp_files.ts";
import { type ByteModule, makeMemory, moduleOver, WASM_PAGE } from "../support/wasm_module.ts";

const [kind, first] = process.argv.slice(2) as ["plain" | "shared", "guard" | "fault"];
const PAGES = 3;
const folder = new TempFolder();
const path = folder.file("file", new Uint8Array(PAGES * WASM_PAGE).fill(77));

/** The name of what a load beyond the memory throws, also at the end of what is reserved. */
function faults(module: ByteModule): string[] {
  return [module.grow(0) * WASM_PAGE, 0x7fff_ffff, -1].map((address) => {
    try {
      return String(module.load(address));
    } catch (error) {
      return (error as Error).name;
    }
  });
}

const seen: Record<string, unknown> = {};
if (first === "guard") seen["guarded"] = new MmapOptions().map(path).bytes[0];
const memory = makeMemory(kind, 1, 8);
const before = moduleOver(memory);
if (first === "fault") seen["first"] = faults(before);
const mmap = new MmapOptions().into(memory, "grow").mapMut(path);
const after = moduleOver(memory);
const start = mmap.byteOffset;
seen["loaded"] = [before.load(start), after.load(start), mmap.truncationGuarded];
seen["faults"] = [faults(before), faults(after)];
truncateSync(path, WASM_PAGE + 1);
seen["lost"] = [
  before.load(start + 2 * WASM_PAGE),
  after.load(start + 3 * WASM_PAGE - 1),
  after.load(start + WASM_PAGE),
  mmap.truncated,
];
before.store(start + 2 * WASM_PAGE, 5);
seen["stored"] = after.load(start + 2 * WASM_PAGE);
seen["faults again"] = [faults(before), faults(after)];
const later = moduleOver(makeMemory(kind, 1, 8));
seen["later"] = [faults(later), later.load(5)];
mmap.unmap();
seen["unmapped"] = [before.sum(start, PAGES * WASM_PAGE), faults(after)];
const bytes = contents(path);
seen["file"] = [bytes.length, bytes.every((byte) => byte === 77)];
console.log(JSON.stringify(seen));
folder[Symbol.dispose]();
process.exit(0);
