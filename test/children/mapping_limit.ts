// Runs into the kernel's limit of mappings, then unmaps and goes on.
import { readFileSync } from "node:fs";
import { currentRuntime } from "../../ffi/host.ts";
import { type Mmap, type MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { freeAddress } from "../support/free_address.ts";
import { collectGarbage } from "../support/harness.ts";
import { regions } from "../support/memory_map.ts";

const PAGE = pageSize();
const options = new MmapOptions({ len: PAGE });
const { mprotect } = currentRuntime().open("libc.so.6", {
  // int mprotect(void *addr, size_t len, int prot)
  mprotect: { parameters: ["usize", "usize", "i32"], result: "i32" },
});

// Three alike that are one mapping to the kernel: unmapping the middle splits it.
const base = freeAddress(3 * PAGE);
const triple = [0, 1, 2].map((index) =>
  options.withHint(base + BigInt(index * PAGE)).strict().mapAnon()
) as [Mmap, Mmap, Mmap];

// One mapping, cut into as many as the kernel allows: the runtime, which needs
// mappings too, has little to do meanwhile.
const limit = Number(readFileSync("/proc/sys/vm/max_map_count", "utf8"));
const cut = new MmapOptions({ len: 2 * limit * PAGE, noReserve: true }).mapAnon();
let pieces = regions().length;
let address = cut.address;
const cutUntil = (count: number) => {
  const PROT_NONE = 0;
  while (pieces < count && mprotect(address, BigInt(PAGE), PROT_NONE) === 0) {
    address += BigInt(2 * PAGE);
    pieces += 2;
  }
};
const mappings: Mmap[] = [];
const mapUntilRefused = () => {
  // The kernel merges neighbours that are alike: every other one is not.
  while (true) mappings.push(options.noReserve(mappings.length % 2 === 0).mapAnon());
};
const refusal = (call: () => void): Partial<MmapError> => {
  try {
    call();
  } catch (error) {
    return error as MmapError;
  }
  return {};
};

// Rehearsed: at the limit the runtime may find no memory to compile this in.
refusal(() => new MmapOptions({ len: 2 ** 50 }).mapAnon());
for (const isViewed of [false, true]) {
  const rehearsal = options.mapAnon();
  if (isViewed) rehearsal.bytes[0] = 1;
  rehearsal.unmap();
}
cutUntil(limit - 1000);
await collectGarbage();
cutUntil(Infinity);
const mapping = refusal(mapUntilRefused);
const unmapping = refusal(() => triple[1].unmap());
if (triple[1].closed) {
  throw new Error("Not at the limit: a thread of the runtime unmapped something");
}
cut.unmap();

const { closed, bytes } = triple[1];
const stillThere = [closed, bytes.length, bytes[0]];
triple[1].unmap();
const fresh = options.mapAnon();
fresh.bytes[0] = 9;
const describe = ({ name, code, syscall, osError, message }: Partial<MmapError>) => ({
  name,
  code,
  syscall,
  osError,
  message,
});
console.log(JSON.stringify({
  mapping: describe(mapping),
  unmapping: describe(unmapping),
  stillThere,
  afterwards: [triple[1].closed, triple[0].bytes[0], fresh.bytes[0]],
}));
