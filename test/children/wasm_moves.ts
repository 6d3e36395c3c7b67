// Has a memory grow that the engine cannot grow in its place, as there are too few addresses.
import { MmapOptions } from "../../mod.ts";
import { codeOf } from "../support/errors.ts";
import { limitAddressSpace } from "../support/process_limits.ts";
import { contents, TempFolder } from "../support/temp_files.ts";
import { moduleOver, WASM_PAGE } from "../support/wasm_module.ts";

const folder = new TempFolder();
const path = folder.file("file", new Uint8Array(WASM_PAGE).fill(77));
// The library's own memory is there, and an idle thread for the wait.
await new MmapOptions().mapMut(path).waitAsync(0, 77 * 0x1010101, { timeout: 1 });
limitAddressSpace(2 ** 29);
const memory = new WebAssembly.Memory({ initial: 1 });
const mmap = new MmapOptions().into(memory, 0).mapMut(path);
mmap.bytes[0] = 78;
const { address } = mmap;
const wait = mmap.waitAsync(64, 77 * 0x1010101).catch(({ code }) => code);
const hasMoved = memory.grow(100) === 1;
const ended = await wait; // without a call of the handle
const hasLeft = mmap.address !== address;
const module = moduleOver(memory);
const copied = [module.load(0), module.load(1)];
module.store(2, 79);
console.log(JSON.stringify({
  hasMoved,
  hasLeft,
  ended,
  copied,
  state: [mmap.closed, mmap.byteLength, String(mmap.address)],
  code: codeOf(() => mmap.bytes),
  unmapped: codeOf(() => mmap.unmap()),
  file: [...contents(path).subarray(0, 3)],
  again: new MmapOptions().into(memory, 0).mapMut(path).bytes[0],
}));
folder[Symbol.dispose]();
process.exit(0);
