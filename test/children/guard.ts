// Stores by native code within memory that has guard pages, and then next to it,
// which must end this process.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { host } from "../../ffi/host.ts";
import { MmapOptions, pageSize } from "../../mod.ts";

const [kind, end] = process.argv.slice(2);
const PAGE = pageSize();
const options = new MmapOptions({ len: 2 * PAGE + 1 }).guard();

const folder = mkdtempSync(join(tmpdir(), "sysalloc-"));
const path = join(folder, "file");
writeFileSync(path, new Uint8Array(2 * PAGE + 1));
const isFile = kind === "file";
const mmap = isFile ? options.mapMut(path) : options.mapAnon();
rmSync(folder, { recursive: true, force: true });

const { address } = mmap;
const above = address + BigInt(3 * PAGE); // where the page after the last one starts
const byte = new Uint8Array([1]);
// On Windows the system copies, and returns what it could not: this stores.
const zero = process.platform !== "win32" ? undefined : host().runtime.open("ntdll.dll", {
  // VOID RtlZeroMemory(VOID UNALIGNED *Destination, SIZE_T Length)
  RtlZeroMemory: { parameters: ["usize", "usize"], result: "void" },
}).RtlZeroMemory;
const store = (at: bigint) => zero ? zero(at, 1n) : host().os.copying.write(at, byte, false);
let bytes: Uint8Array | undefined;
if (kind === "viewed") {
  bytes = mmap.bytes;
  bytes.fill(1);
}
store(address);
if (!isFile) store(above - 1n);
console.log("stored within");
store(end === "below" ? address - 1n : above);
console.log("survived", bytes?.length);
