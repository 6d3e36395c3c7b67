// Transfers buffers away, drops the old ones, collects, and looks whether the
// new owners still have their memory.
import { MmapOptions } from "../../mod.ts";
import { collectGarbage } from "../harness.ts";

const results: Record<string, unknown> = {};
for (const [kind, len] of Object.entries({ short: 2 ** 20, long: 65 * 2 ** 20 })) {
  const mmap = new MmapOptions({ len, noReserve: true }).mapAnon();
  const moved = (() => {
    const view = mmap.view(Uint8Array, 0, 100);
    view[42] = 7;
    return view.buffer.transfer();
  })();
  await collectGarbage();
  let code: unknown = "none";
  try {
    mmap.unmap();
  } catch (error) {
    ({ code } = error as { code: unknown });
  }
  await collectGarbage();
  const bytes = new Uint8Array(moved);
  bytes[43] = 8;
  results[kind] = [code, bytes[42], bytes[43]];
}
console.log(JSON.stringify(results));
