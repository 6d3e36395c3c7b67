// Uses memory, by plain JavaScript.
import assert from "node:assert/strict";
import * as sysalloc from "sysalloc";
const { allocationGranularity, maxViewByteLength, Mmap, MmapError } = sysalloc;
const { MmapOptions, pageSize } = sysalloc;

const len = 65536;
const memory = new MmapOptions().len(len).populate().mapAnon();
assert(memory instanceof Mmap);
assert.equal(memory.byteLength, len);
assert(allocationGranularity() % pageSize() === 0);
assert(maxViewByteLength() >= len);

const { address, bytes } = memory;
assert.equal(bytes[len - 1], 0);
bytes[len - 1] = 42;
assert.equal(memory.bytes[len - 1], 42);

assert.throws(
  () => new MmapOptions({ len, hint: address, strict: true }).mapAnon(),
  (error) => error instanceof MmapError && error.code === "EADDRNOTAVAIL",
);

memory.unmap();
assert.equal(memory.closed, true);
assert.equal(bytes.length, 0);
assert.equal(bytes[len - 1], undefined);
console.log(len + " bytes at 0x" + address.toString(16));
