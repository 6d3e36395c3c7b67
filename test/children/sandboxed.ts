// Uses memory, other threads and what is mapped, and prints what came of it.
import { Mmap, MmapOptions, regions } from "../../mod.ts";

using mmap = new MmapOptions({ len: 65536, guard: 4096 }).mapAnon();
mmap.view(Float64Array)[0] = 0.5;
mmap.write(Uint8Array.of(7), 8);
await mmap.prefault();
const same = Mmap.fromTicket(mmap.share());
const { 8: seen } = same.bytes;
same.unmap();
const isListed = regions().some(({ address }) => address === mmap.address);
const ending = await mmap.waitAsync(0, 0, { timeout: 1 });
console.log(JSON.stringify([seen, isListed, ending]));
