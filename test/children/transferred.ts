// Transfers buffers away, drops the old ones, collects, and looks whether the
// new owners still have their memory.
import { MmapOptions } from "../../mod.ts";
import { collectGarbage } from "../harness.ts";

/** Transfers, drops the view, and tries to unmap. */
async function transferAndUnmap(len: number): Promise<[unknown, ArrayBuffer]> {
  const mmap = new MmapOptions({ len, noReserve: true }).mapAnon();
  const moved = (() => {
    const view = mmap.view(Uint8Array, 0, 100);
    view[42] = 7;
    return view.buffer.transfer();
  })();
  await collectGarbage();
  try {
    mmap.unmap();
  } catch (error) {
    return [(error as { code: unknown }).code, moved];
  }
  return ["unmapped", moved];
}

const results: Record<string, unknown> = {};
for (const [kind, len] of Object.entries({ short: 2 ** 20, long: 65 * 2 ** 20 })) {
  const owned = await Promise.all(Array.from({ length: 5 }, () => transferAndUnmap(len)));
  // The handles are gone now.
  await collectGarbage();
  results[kind] = owned.map(([code, moved]) => {
    const bytes = new Uint8Array(moved);
    bytes[43] = 8;
    return [code, bytes[42], bytes[43]];
  });
}
console.log(JSON.stringify(results));
