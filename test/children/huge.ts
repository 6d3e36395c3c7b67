// Uses huge pages in every way, and prints what came of it.
import { readFileSync } from "node:fs";
import { type MmapError, MmapOptions } from "../../mod.ts";
import { smapsEntry } from "../support/memory_map.ts";

/** The huge pages of this process, in KiB: the number of free ones depends on others too. */
const taken = () =>
  Number(/HugetlbPages:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]);
const before = taken();
const mmap = new MmapOptions({ len: 100 }).huge().mapAnon();
const bytes = mmap.bytes.fill(7);
const pageByteLength = smapsEntry(mmap.address)!.KernelPageSize;
const code = (call: () => unknown): string => {
  try {
    call();
    return "none";
  } catch (error) {
    return (error as MmapError).code ?? (error as Error).name;
  }
};
const refusedRange = code(() => mmap.unsafeProtect("read", 0, 50));
mmap.unsafeProtect("read");
const access = [mmap.access];
mmap.unsafeProtect("read-write");
access.push(mmap.access);
const codes = [
  code(() => mmap.discard()),
  code(() => mmap.decommit(0, 100)),
  code(() => mmap.commit(0, 100)),
  code(() => mmap.intoRaw()),
];
const { byteLength } = mmap;
mmap.bytes[99] = 1;
const used = taken();
mmap.unmap();
const freed = used - before === 2048 && taken() === before && bytes.length === 0;
const high = new MmapOptions({ len: 1, huge: true, align: 2 ** 30 }).mapAnon();
const aligned = high.address % 2n ** 30n === 0n;
console.log(
  JSON.stringify({ pageByteLength, byteLength, refusedRange, access, codes, freed, aligned }),
);
