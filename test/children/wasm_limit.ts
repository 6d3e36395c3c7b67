// Makes shared buffers until there are too few addresses, and prints how that ended, and whether what
// there is still works.
import { type Mmap, MmapOptions } from "../../mod.ts";
import { codeOf } from "../support/errors.ts";
import { limitAddressSpace } from "../support/process_limits.ts";
import { WASM_PAGE } from "../support/wasm_module.ts";

const COUNT = 40;
const options = new MmapOptions({ len: WASM_PAGE, sharedBuffer: true });
const kept: Mmap[] = [options.mapAnon()];
limitAddressSpace(2 ** 35); // three of the memories of V8
let code = "undefined";
while (code === "undefined" && kept.length < COUNT) {
  code = codeOf(() => void kept.push(options.mapAnon()));
}
kept.forEach(({ bytes }, index) => bytes.fill(index + 1));
const areApart = kept.every(({ bytes }, index) => bytes.every((byte) => byte === index + 1));
kept.forEach((mmap) => mmap.unmap());
console.log(JSON.stringify([code, areApart]));
process.exit(0);
