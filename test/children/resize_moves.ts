// Moves 256 MiB, viewed or not, and prints what that cost.
import { readFileSync } from "node:fs";
import { MmapOptions } from "../../mod.ts";
import { residentSetByteLength } from "../support/memory_map.ts";

const LENGTH = 2 ** 28;
const faults = () => Number(readFileSync("/proc/self/stat", "utf8").split(") ")[1]!.split(" ")[7]);

const moves = [false, true].map((isViewed) => {
  // At the top of a place with something behind, so that it must move.
  const place = new MmapOptions({ len: 2 * LENGTH }).reserve();
  const { address } = place;
  place.unmap();
  const behind = new MmapOptions({ len: 4096, hint: address + BigInt(LENGTH), strict: true })
    .mapAnon();
  const mmap = new MmapOptions({ len: LENGTH, hint: address, strict: true, populate: true })
    .mapAnon();
  if (isViewed) mmap.bytes[0] = 1;
  mmap.write(new Uint8Array([7]), LENGTH - 1);
  const [faultsBefore, residentBefore] = [faults(), residentSetByteLength()];
  mmap.resize(LENGTH + 65_536);
  const moved = mmap.address !== address;
  const cost = { faults: faults() - faultsBefore, extra: residentSetByteLength() - residentBefore };
  const byte = new Uint8Array(1);
  mmap.read(byte, LENGTH - 1);
  mmap.unmap();
  behind.unmap();
  return { moved: moved && byte[0] === 7, ...cost };
});
console.log(JSON.stringify(moves));
