// Transfers buffers away, drops the old ones, collects, and looks whether the
// new owners still have their memory.
import { type Mmap, MmapOptions } from "../../mod.ts";
import { collectGarbage } from "../support/harness.ts";

/** Transfers in a frame of its own, so that no local keeps the view. */
function transfer(mmap: Mmap): ArrayBuffer {
  const view = mmap.view(Uint8Array, 0, 100);
  view[42] = 7;
  return view.buffer.transfer();
}

function unmapError(mmap: Mmap): unknown {
  try {
    mmap.unmap();
  } catch (error) {
    return (error as { code: unknown }).code;
  }
}

/** Transfers, collects the views, tries to unmap, and drops the handles. */
async function transferAndUnmap(): Promise<[unknown, ArrayBuffer][]> {
  const lengths = [2 ** 20, 2 ** 20, 2 ** 20, 65 * 2 ** 20, 65 * 2 ** 20, 65 * 2 ** 20];
  const mappings = lengths.map((len) => new MmapOptions({ len, noReserve: true }).mapAnon());
  const moved = mappings.map(transfer);
  await collectGarbage();
  return mappings.map((mmap, index) => [unmapError(mmap), moved[index]!]);
}

const owned = await transferAndUnmap();
await collectGarbage();
console.log(JSON.stringify(owned.map(([code, moved]) => {
  const bytes = new Uint8Array(moved);
  bytes[43] = 8;
  return [code, bytes[42], bytes[43]];
})));
