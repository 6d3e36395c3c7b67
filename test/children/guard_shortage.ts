// Loads from files that were truncated where the process can map nothing more, so that too little
// is left for the zeros that the guard puts there. Prints the sum of what was loaded before and then.
import { MmapOptions } from "../../mod.ts";
import { c, mapFile, PAGE } from "../truncation/mapped_file.ts";
import { limitAddressSpace, limitData } from "../support/process_limits.ts";

const [shortage, count] = process.argv.slice(2) as [keyof typeof SHORTAGES, string];
const PAGES = 8;
const ANONYMOUS = 0x4022; // MAP_NORESERVE | MAP_ANONYMOUS | MAP_PRIVATE
const MAP_FAILED = 2n ** 64n - 1n;

/** Brings a shortage about; returns a function that ends it. The engine may want memory soon, too. */
const SHORTAGES = {
  mappings() {
    const length = 2n ** 18n * BigInt(PAGE);
    const start = c.mmap(0n, length, 3, ANONYMOUS, -1, 0n);
    for (let at = start; c.mprotect(at, BigInt(PAGE), 0) === 0;) at += BigInt(2 * PAGE);
    // One is left to map, or two; neighbours that are alike are one.
    for (let access = 0; c.mmap(0n, BigInt(PAGE), access, ANONYMOUS, -1, 0n) !== MAP_FAILED;) {
      access = 1 - access;
    }
    return () => c.munmap(start, length);
  },
  data: () => limitData(-PAGE),
  addresses: () => limitAddressSpace(-PAGE),
};

const files = Array.from({ length: Number(count) }, () => {
  const { path, truncate } = mapFile(PAGES, undefined);
  const mmap = new MmapOptions().mapMut(path);
  return { mmap, bytes: mmap.bytes, truncate };
});
let sum = 0;
const load = () => {
  for (const { bytes } of files) {
    for (let page = 0; page < PAGES; page++) sum += bytes[page * PAGE]!;
  }
};
load();
const before = sum;
sum = 0;
for (const { truncate } of files) truncate(2);
const end = SHORTAGES[shortage]();
load();
end();
const lost = files.map(({ mmap }) => mmap.lostByteLength / PAGE);
console.log(JSON.stringify({ before, sum, least: Math.min(...lost), most: Math.max(...lost) }));
process.exit(0);
