// Resizes mappings while the runtime reads into views of them: neither what moved
// nor what was cut off may be gone, and nothing of what is read may get there.
import { open } from "node:fs/promises";
import { MmapError, MmapOptions } from "../../mod.ts";
import { rounds } from "../support/rounds.ts";

const LENGTH = 2 ** 25;
const source = await open("/dev/zero");
let moved = 0;
for (let round = 0; round < rounds("resizedInFlight"); round++) {
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  const behind = new MmapOptions({ len: 4096 }).mapAnon();
  const { address } = mmap;
  const read = source.read(mmap.bytes, 0, LENGTH, 0).catch(() => undefined);
  try {
    mmap.resize(round % 2 === 0 ? 2 * LENGTH : LENGTH / 64);
    if (mmap.address !== address) moved++;
    mmap.bytes.fill(1);
    if (round % 3 === 0) mmap.unmap();
  } catch (error) {
    // Bun does not let a buffer go that it uses.
    if (!(error instanceof MmapError) || error.code !== "EBUSY") throw error;
  }
  await read;
  behind.unmap();
  if (!mmap.closed && mmap.address !== address && mmap.bytes.includes(0)) {
    throw new Error("A late store reached what had moved");
  }
}
await source.close();
console.log(JSON.stringify({ moved }));
