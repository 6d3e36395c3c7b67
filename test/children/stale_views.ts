// Uses views after their mapping is gone, in every way that comes to mind. A
// store or load that reached the freed pages would end this process.
import { Mmap, MmapOptions } from "../../mod.ts";
import { rounds } from "../support/rounds.ts";

const LENGTH = 2 ** 20;
const ENDINGS = [
  (mmap: Mmap) => mmap.unmap(),
  (mmap: Mmap) => mmap[Symbol.dispose](),
  (mmap: Mmap) => {
    const { address, byteLength } = mmap.intoRaw();
    Mmap.unsafeFromRaw(address, byteLength).unmap();
  },
];

/** Runs a use that is allowed to throw, but not to end the process. */
function use(stale: () => unknown): void {
  try {
    stale();
  } catch {
    // A TypeError: the view is detached.
  }
}

for (let round = 0; round < rounds("staleMappings"); round++) {
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  const { bytes } = mmap;
  const { buffer } = bytes;
  const words = mmap.view(Int32Array);
  const view = mmap.view(DataView, 3);
  const iterator = bytes.values();
  iterator.next();
  bytes.fill(1);
  const read = () => bytes[LENGTH - 1]! + words[0]!;
  for (let warm = 0; warm < 1000; warm++) read(); // let the engine compile it
  ENDINGS[round % ENDINGS.length]!(mmap);
  use(read);
  for (let index = 0; index < LENGTH; index += 4096) {
    use(() => bytes[index]);
    use(() => bytes[index] = 1);
    use(() => view.getFloat64(index));
    use(() => view.setBigInt64(index, 1n));
  }
  use(() => words.fill(5));
  use(() => bytes.set(new Uint8Array(100), 5));
  use(() => bytes.copyWithin(0, 100, 5000));
  use(() => new Uint8Array(LENGTH).set(bytes));
  use(() => bytes.slice(0, 4096));
  use(() => buffer.slice(0, 4096));
  use(() => new Uint8Array(buffer)[0]);
  use(() => Atomics.add(words, 0, 1));
  use(() => Atomics.store(words, 100, 1));
  use(() => Atomics.compareExchange(words, 0, 1, 2));
  use(() => new TextDecoder().decode(bytes));
  use(() => new TextEncoder().encodeInto("stale", bytes));
  use(() => crypto.getRandomValues(bytes.subarray(0, 100)));
  use(() => structuredClone(bytes));
  use(() => bytes.sort());
  use(() => bytes.join());
  use(() => iterator.next());
  use(() => [...bytes]);
  use(() => JSON.stringify(bytes));
  use(() => Array.from(words));
}
console.log(JSON.stringify({ survived: true }));
