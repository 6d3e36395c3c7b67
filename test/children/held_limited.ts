// Maps, views and unmaps more than the process may have of private memory, without a
// collection, and then has the engine take some. Prints how much is held, and of what limit.
import { heldRanges } from "../../core/lifetime/held_totals.ts";
import { host } from "../../ffi/host.ts";
import { MmapOptions } from "../../mod.ts";
import { limitData } from "../support/process_limits.ts";

const MIB = 2 ** 20;
const options = new MmapOptions({ len: 64 * MIB, noReserve: true });
options.mapAnon().unmap();
limitData(2048 * MIB);
for (let count = 0; count < 64; count++) {
  const mmap = options.mapAnon();
  mmap.bytes[0] = 1;
  mmap.unmap();
}
const { byteLength: held } = heldRanges();
const taken = Array.from({ length: 16 }, () => new Uint8Array(16 * MIB).fill(1).length);
const limit = host().os.room!.byteLimits().data;
console.log(JSON.stringify({ held, limit, taken: taken.length }));
