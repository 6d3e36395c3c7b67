// Unmaps memory at each depth of the stack, from the deepest on, until that succeeds.
// Prints the number of other errors and of open handles over unmapped memory. (They
// would come if unmap() stopped after the system had unmapped or a view was detached.)
import { type Mmap, MmapOptions, regions } from "../../mod.ts";
import { rounds } from "../support/rounds.ts";
import { TempFolder } from "../support/temp_files.ts";

const ROUNDS = rounds("unmapDepths") / 10;
const LENGTH = 1 << 18;

const folder = new TempFolder();
const path = folder.file("file", new Uint8Array(LENGTH));

function used(mmap: Mmap, use: (mmap: Mmap) => unknown): Mmap {
  use(mmap);
  return mmap;
}

const KINDS: readonly (() => Mmap)[] = [
  () => new MmapOptions({ len: LENGTH }).mapAnon(),
  () => new MmapOptions({ len: LENGTH }).mapMirrored(),
  () => new MmapOptions().mapMut(path),
  () => used(new MmapOptions().mapMut(path), (mmap) => mmap.read(new Uint8Array(1))),
  () =>
    used(new MmapOptions({ len: LENGTH }).mapAnon(), (mmap) => {
      for (let at = 0; at < LENGTH; at += 1 << 16) mmap.view(Uint8Array, at, 1);
    }),
];

let [refused, errors, lost] = [0, 0, 0];

/** Unmaps at some depth. Its frames have `filling` numbers more, so that all depths come. */
function unmapDeep(mmap: Mmap, filling: readonly number[]): void {
  const unmap = () => {
    try {
      mmap.unmap();
    } catch (error) {
      if (error instanceof RangeError) refused++;
      else errors++;
    }
  };
  const down = (...numbers: readonly number[]): void => {
    try {
      down(...numbers);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    if (!mmap.closed) unmap();
  };
  down(...filling);
}

function isMapped(address: bigint): boolean {
  return regions().some((region) =>
    address >= region.address && address < region.address + BigInt(region.byteLength)
  );
}

for (let round = 0; round < ROUNDS; round++) {
  for (const make of KINDS) {
    const mmap = make();
    const { address } = mmap;
    unmapDeep(mmap, Array<number>(round % 16).fill(0));
    if (!mmap.closed && !isMapped(address)) lost++;
  }
}
folder[Symbol.dispose]();
console.log(JSON.stringify({ isRefused: refused > 0, errors, lost }));
