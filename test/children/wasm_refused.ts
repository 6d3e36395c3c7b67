// Maps a file that its file system refuses to map, and prints what is left of the memory.
import { MmapOptions } from "../../mod.ts";
import { codeOf } from "../support/errors.ts";
import { makeMemory, WASM_PAGE } from "../support/wasm_module.ts";

const memory = makeMemory(undefined, 1);
const bytes = new Uint8Array(memory.buffer).fill(7);
const path = "/sys/devices/system/cpu/online"; // it says that it is a page long
const code = codeOf(() => new MmapOptions({ len: 100 }).into(memory, 0).map(path));
console.log(
  JSON.stringify([code, bytes.length === WASM_PAGE && bytes.every((byte) => byte === 7)]),
);
