// Makes tickets and takes them where little is left of the stack, and prints
// what is lost of the memory.
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { Mmap, MmapOptions } from "../../mod.ts";
import { collectGarbage } from "../support/harness.ts";
import { slotsInUse } from "../support/slots_in_use.ts";

/** So many frames from the last one on. */
const FRAMES = 600;
const outcomes = { done: 0, refused: 0 };

/** Calls at each depth of the stack, from the deepest on. */
function dive(call: () => void): void {
  let left = FRAMES;
  const down = (): void => {
    try {
      down();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    if (left-- <= 0) return;
    try {
      call();
      outcomes.done++;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      outcomes.refused++;
    }
  };
  down();
}

const mmap = new MmapOptions({ len: 65_536 }).mapAnon();
mmap.bytes[0] = 7;
/** Handles that were made, and not used if the stack ended in between. */
const tickets: ReturnType<Mmap["share"]>[] = [];
const handles: Mmap[] = [];
const keep = () => void tickets.push(mmap.share());
keep();
dive(keep);
dive(() => {
  const ticket = tickets.at(-1);
  if (ticket === undefined) return;
  const handle = Mmap.fromTicket(ticket);
  tickets.pop();
  handles.push(handle);
});
const content = handles.map((handle) => handle.bytes[0]).every((byte) => byte === 7);
let lost = 0;
for (const ticket of tickets) {
  try {
    Mmap.release(ticket);
  } catch {
    lost++; // it had been taken when the stack ended
  }
}
for (const handle of handles) handle.unmap();
mmap.unmap();
for (let round = 0; round < 4; round++) await collectGarbage();
releaseHeldRanges();
console.log(JSON.stringify({
  both: outcomes.done > 0 && outcomes.refused > 0,
  content,
  lost,
  slots: slotsInUse(),
}));
