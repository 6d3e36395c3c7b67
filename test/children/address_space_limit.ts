// Runs into a limit of the address space that is set after the start.
import { type MmapError, MmapOptions } from "../../mod.ts";
import { limitAddressSpace } from "../support/process_limits.ts";

const MIB = 2 ** 20;
const big = new MmapOptions({ len: 1024 * MIB, noReserve: true });
const small = new MmapOptions({ len: 64 * MIB, noReserve: true });
const first = small.mapAnon();

limitAddressSpace(512 * MIB);

const errors = [];
for (const options of [big, big.populate(), big.withHint(first.address), big]) {
  try {
    options.mapAnon();
  } catch (error) {
    const { name, code, syscall, osError, message } = error as MmapError;
    errors.push({ name, code, syscall, osError, message });
  }
}
first.bytes[5] = 1;
first.unmap();
const again = small.mapAnon();
again.bytes[64 * MIB - 1] = 7;
console.log(JSON.stringify({ errors, again: again.bytes[64 * MIB - 1] }));
