// Counts what garbage collection releases, and what it must not.
import { Mmap, MmapOptions } from "../../mod.ts";
import { collectGarbage } from "../support/harness.ts";

// The first ones that are dropped have the tokens of these, which are closed, and kept.
const closed = Array.from({ length: 64 }, () => new MmapOptions({ len: 4096 }).mapAnon());
for (const mmap of closed) mmap.unmap();
const { countLeft } = await import("../support/count_left.ts"); // which does not count these

const LENGTH = 2 ** 20;
/** In Bun a view of a mapping this long has a buffer of its own. */
const LONG = 65 * 2 ** 20;
const COUNT = 8;

// What is kept of a mapping whose handle is dropped.
const KEEP: Record<string, (mmap: Mmap) => unknown> = {
  nothing: () => undefined,
  "nothing, after a view": (mmap) => void (mmap.bytes[0] = 1),
  "the handle": (mmap) => mmap,
  "the array": (mmap) => mmap.bytes,
  "a subarray": (mmap) => mmap.bytes.subarray(100, 200),
  "a window": (mmap) => mmap.view(Uint8Array, 4096, 100),
  "a DataView": (mmap) => mmap.view(DataView, 5),
  "nothing, after a pin": (mmap) => mmap.pin()[Symbol.dispose](),
  "a pin": (mmap) => mmap.pin(),
  "a pin that is dropped": (mmap) => (mmap.pin(), "dropped"),
  "a buffer of a window": (mmap) => mmap.arrayBuffer(4096, 100),
  "a buffer": (mmap) => mmap.view(Uint8Array).buffer,
};

/** Mappings whose handles are dropped. */
interface Dropped {
  readonly addresses: bigint[];
  readonly kept: unknown[];
}

/** Maps and drops in a frame of its own, so that no local keeps anything. */
function mapAndDrop(len: number, keep: (mmap: Mmap) => unknown): Dropped {
  const addresses: bigint[] = [];
  const kept: unknown[] = [];
  for (let index = 0; index < COUNT; index++) {
    const mmap = new MmapOptions({ len, noReserve: index % 2 === 0 }).mapAnon();
    addresses.push(mmap.address);
    kept.push(keep(mmap));
  }
  return { addresses, kept };
}

/** Stores to and loads from what was kept. */
function isIntact(kept: unknown): boolean {
  if (kept === "dropped" || (!(kept instanceof Mmap) && Symbol.dispose in (kept as object))) {
    return true; // the address alone is the native code's
  }
  const bytes = kept instanceof Mmap
    ? kept.bytes
    : kept instanceof ArrayBuffer
    ? new Uint8Array(kept)
    : new Uint8Array(
      (kept as DataView<ArrayBuffer>).buffer,
      (kept as DataView).byteOffset,
      (kept as DataView).byteLength,
    );
  bytes[bytes.length - 1] = 77;
  return bytes.length > 0 && bytes[bytes.length - 1] === 77;
}

const dropped: Record<string, Dropped> = {};
for (const [kind, len] of Object.entries({ short: LENGTH, long: LONG })) {
  for (const [name, keep] of Object.entries(KEEP)) {
    dropped[`${name}, ${kind}`] = mapAndDrop(len, keep);
  }
}
const unkept = Object.values(dropped).filter(({ kept }) => kept[0] === undefined);
// On a busy machine finalizers come late; what is kept must outlive every round.
for (let round = 0; round < 20; round++) {
  await collectGarbage();
  const left = unkept.map(({ addresses }) => countLeft(addresses));
  if (round >= 2 && left.every((count) => count <= 2)) break;
}
const results = Object.entries(dropped).map(([name, { addresses, kept }]) => [name, {
  mapped: countLeft(addresses),
  intact: kept.filter((value) => value !== undefined && isIntact(value)).length,
}]);
if (!closed.every((mmap) => mmap.closed)) throw new Error("A closed handle is open");
console.log(JSON.stringify(Object.fromEntries(results)));
