// Asks for memory right below the main thread's stack, strictly and not, and then uses
// the stack up: an error that can be caught, or the end of the process.
import { MmapOptions, pageSize, regions } from "../../mod.ts";

const LENGTH = 65_536;
const GAP = BigInt(256 * pageSize());
const { address } = regions().find(({ name }) => name === "[stack]")!;
const mapped: boolean[] = [];
for (const strict of [true, false]) {
  for (const distance of [0n, GAP]) {
    const hint = address - distance - BigInt(LENGTH);
    try {
      mapped.push(new MmapOptions({ len: LENGTH, hint, strict }).mapAnon().address === hint);
    } catch {
      mapped.push(false);
    }
  }
}

function descend(depth: number): number {
  return depth === 0 ? 0 : 1 + descend(depth - 1) + [depth, depth].length;
}

let name = "";
try {
  descend(1e9);
} catch (error) {
  name = (error as Error).name;
}
console.log(JSON.stringify({ mapped, name }));
