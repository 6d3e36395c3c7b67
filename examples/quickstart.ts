/**
 * The basics on one page: map, place, populate, view and unmap memory.
 *
 * `deno run --allow-ffi examples/quickstart.ts`, `bun examples/quickstart.ts`
 * or `node examples/quickstart.ts`.
 *
 * @module
 */
import {
  allocationGranularity,
  maxViewByteLength,
  MmapError,
  MmapOptions,
  pageSize,
} from "../mod.ts";

const MIB = 2 ** 20;
const hex = (address: bigint) => `0x${address.toString(16)}`;
const kib = (bytes: number) => `${Math.round(bytes / 1024)} KiB`;

console.log(
  `pages of ${kib(pageSize())}, allocation granularity ${kib(allocationGranularity())}, ` +
    `views of up to ${Math.round(maxViewByteLength() / 2 ** 30)} GiB`,
);

// Anywhere: zeroed memory, with views of any type.
const template = new MmapOptions().len(MIB);
using mmap = template.mapAnon();
const floats = mmap.view(Float64Array, 4096, 2);
floats[0] = Math.PI;
console.log(
  `\nanywhere    ${hex(mmap.address)}: bytes 4096 to 4099 are`,
  mmap.bytes.slice(4096, 4100),
);

// A hint is a wish: if the address is taken, the system picks another one.
using near = template.withHint(mmap.address).mapAnon();
console.log(`hinted      ${hex(near.address)}: ${hex(mmap.address)} is taken`);

// A strict hint is met exactly … (In the middle of a large free range, because the
// runtime's other threads map memory too.)
const room = template.len(1024 * MIB).reserve();
const free = room.address + BigInt(512 * MIB);
room.unmap();
using exact = template.withHint(free).strict().mapAnon();
console.log(`strict      ${hex(exact.address)}: exactly at the hint ${hex(free)}`);

// … or refused, and the memory at that address stays unchanged.
try {
  template.withHint(mmap.address).strict().mapAnon();
} catch (error) {
  if (!(error instanceof MmapError)) throw error;
  console.log(`refused     ${error.code}: ${error.message}`);
  console.log(`            byte 4099 is still ${mmap.bytes[4099]}`);
}

// Populated memory is in RAM before the first store.
const before = process.memoryUsage().rss;
using populated = template.len(256 * MIB).populate().mapAnon();
const grown = (process.memoryUsage().rss - before) / MIB;
console.log(
  `populated   ${hex(populated.address)}: ` +
    `${populated.byteLength / MIB} MiB mapped, ${Math.round(grown)} MiB more resident`,
);

// Views are detached with their mapping: no stale pointer, no crash.
const { bytes } = mmap;
mmap.unmap();
console.log(
  `unmapped    ${bytes.length} bytes in the view, bytes[0] is ${
    bytes[0]
  }, closed is ${mmap.closed}`,
);
