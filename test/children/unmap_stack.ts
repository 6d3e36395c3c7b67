// Unmaps memory that is shared where little is left of the stack, and prints how
// often something was lost: what is open must be mapped, and in the end nothing is.
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { Mmap, MmapOptions, regions } from "../../mod.ts";
import { rounds } from "../support/rounds.ts";
import { slotsInUse } from "../support/slots_in_use.ts";
import { callAt } from "../support/stack_end.ts";

/** At so many depths, from the deepest one on. */
const FRAMES = rounds("unmapDepths");

function isMapped(address: bigint): boolean {
  return regions().some((region) =>
    address >= region.address && address < region.address + BigInt(region.byteLength)
  );
}

let [refused, lost, left] = [0, 0, 0];
for (let round = 0; round < 2; round++) { // in the second one all is compiled
  for (let frames = 0; frames < FRAMES; frames++) {
    const mmap = new MmapOptions({ len: 1 << 20 }).mapAnon();
    const other = Mmap.fromTicket(mmap.share());
    const { address } = mmap;
    callAt(frames, () => other.unmap());
    releaseHeldRanges();
    if (!isMapped(address)) lost++;
    mmap.unmap();
    if (!other.closed) {
      refused++;
      releaseHeldRanges();
      if (!isMapped(address)) lost++;
      else other.unmap();
    }
    if (isMapped(address)) left++;
  }
}
console.log(JSON.stringify({ isRefused: refused > 0, lost, left, slots: slotsInUse() }));
