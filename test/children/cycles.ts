// Maps, views and unmaps many times, and tells how many bytes are mapped and resident.
// Every tenth time all is written to: emulators take long to unmap written pages.
import { MmapOptions } from "../../mod.ts";
import { collectGarbage } from "../support/harness.ts";
import { rounds } from "../support/rounds.ts";
import { mappedByteLength, residentSetByteLength } from "../support/memory_map.ts";

const options = new MmapOptions({ len: 65536 });

async function cycle(count: number): Promise<void> {
  for (let index = 1; index <= count; index++) {
    const mmap = options.mapAnon();
    const { bytes } = mmap;
    if (index % 10 === 0) bytes.fill(1);
    mmap.unmap();
    // The collector's callbacks come between turns of the event loop.
    if (index % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await collectGarbage();
}

const state = () => ({ mapped: mappedByteLength(), resident: residentSetByteLength() });
await cycle(10_000); // until the engine has compiled it and sized its heap
const before = state();
await cycle(rounds("cycles"));
console.log(JSON.stringify({ before, after: state() }));
