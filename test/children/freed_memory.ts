// Reads freed memory behind the library's back, which must end this process.
import { writeSync } from "node:fs";
import { currentRuntime } from "../../ffi/host.ts";
import { MmapOptions } from "../../mod.ts";
import { platform } from "../support/harness.ts";

const { memcpy } = currentRuntime().open(platform === "win32" ? "ntdll.dll" : "libc.so.6", {
  // void *memcpy(void *dest, const void *src, size_t n)
  memcpy: { parameters: ["buffer", "usize", "usize"], result: "usize" },
});
// Never viewed, so that it is unmapped at once; in the middle, so that what the runtime maps there next hardly reaches it.
const MIDDLE = 32 * 2 ** 20;
const mmap = new MmapOptions({ len: 2 * MIDDLE }).mapAnon();
const middle = mmap.address + BigInt(MIDDLE);
const copy = new Uint8Array(1);
memcpy(copy, middle, 1n);
writeSync(1, `read ${copy[0]}\n`);
mmap.unmap();
memcpy(copy, middle, 1n);
writeSync(1, `survived, with ${copy[0]}\n`);
