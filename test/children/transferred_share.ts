// Transfers a buffer of one of two handles away, drops that handle, unmaps the
// other one, and prints what the new owner of the buffer has.
import { Mmap, MmapOptions } from "../../mod.ts";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { collectGarbage } from "../support/harness.ts";

/** In a frame of its own, so that no local keeps the handle. */
function transfer(mmap: Mmap): [unknown, ArrayBuffer] {
  const other = Mmap.fromTicket(mmap.share());
  other.bytes[0] = 7;
  const moved = other.bytes.buffer.transfer();
  try {
    other.unmap();
    return ["no error", moved];
  } catch (error) {
    return [(error as { code: unknown }).code, moved];
  }
}

const mappings = Array.from({ length: 4 }, () => new MmapOptions({ len: 65_536 }).mapAnon());
const transferred = mappings.map(transfer);
for (let round = 0; round < 5; round++) await collectGarbage();
for (const mmap of mappings) mmap.unmap();
releaseHeldRanges();
const results = transferred.map(([code, moved]) => {
  const bytes = new Uint8Array(moved);
  bytes[1] = 8;
  return [code, bytes[0], bytes[1]];
});
console.log(JSON.stringify(results));
