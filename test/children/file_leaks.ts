// Maps files and fails to in many ways, many times, and prints how many
// descriptors and mappings are left of each way.
import { closeSync, openSync } from "node:fs";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { runtimeFiles } from "../../ffi/host.ts";
import { type Mmap, MmapOptions } from "../../mod.ts";
import { collectGarbage, collectUntil } from "../support/harness.ts";
import { regions } from "../support/memory_map.ts";
import { codeOf } from "../support/errors.ts";
import { CALLS, openDescriptors } from "../support/temp_files.ts";

const [path = "", empty = "", folder = "", rounds = "1000"] = process.argv.slice(2);
const descriptor = openSync(path, "r");
const writable = openSync(path, "r+");
const closed = openSync(path, "r");
closeSync(closed);
const viewed = (mmap: Mmap) => {
  mmap.view(Uint8Array, 0, 1)[0]!;
  return mmap;
};
const taken = new MmapOptions({ len: 1 }).mapAnon();

const WAYS: Readonly<Record<string, () => unknown>> = {
  unmapped: () => CALLS.map((call) => new MmapOptions()[call](path).unmap()),
  "unmapped, viewed": () => {
    viewed(new MmapOptions().map(path)).unmap();
    viewed(new MmapOptions().mapMut(path)).unmap();
  },
  "of a descriptor": () => {
    // Where descriptors are not those of the system.
    if (runtimeFiles().describe === undefined) return codeOf(() => new MmapOptions().map(writable));
    new MmapOptions().map(descriptor).unmap();
    viewed(new MmapOptions().mapMut({ fd: writable })).unmap();
  },
  copied: () => {
    const mmap = new MmapOptions().mapMut(path);
    mmap.read(new Uint8Array(1));
    mmap.startFlush();
    mmap.unmap();
  },
  dropped: () => CALLS.map((call) => new MmapOptions()[call](path)).length,
  "dropped, viewed": () => void viewed(new MmapOptions().mapMut(path)),
  "transferred, dropped": () => {
    const mmap = new MmapOptions().mapMut(path);
    mmap.bytes.buffer.transfer();
    if (codeOf(() => mmap.unmap()) !== "EBUSY") throw new Error("It was unmapped");
  },
  missing: () => codeOf(() => new MmapOptions().mapMut(`${path}-missing`)),
  empty: () => codeOf(() => new MmapOptions().mapMut(empty)),
  folder: () => codeOf(() => new MmapOptions().map(folder)),
  device: () => codeOf(() => new MmapOptions().map("/dev/null")),
  "past the end": () => codeOf(() => new MmapOptions({ len: 2 ** 30 }).mapMut(path)),
  "past the end of a descriptor's": () =>
    codeOf(() => new MmapOptions({ offset: 2 ** 30 }).mapMut(writable)),
  "a closed descriptor": () => codeOf(() => new MmapOptions().mapMut(closed)),
  "a read-only descriptor": () => codeOf(() => new MmapOptions().mapMut(descriptor)),
  "a taken place": () =>
    codeOf(() => new MmapOptions({ hint: taken.address, strict: true }).mapMut(path)),
};

const left: Record<string, readonly [descriptors: number, mappings: number]> = {};
for (const [name, way] of Object.entries(WAYS)) {
  way();
  await collectUntil(() => false, 2);
  releaseHeldRanges();
  const before = [openDescriptors(), regions().length] as const;
  for (let round = 0; round < Number(rounds); round++) {
    way();
    // Dropped descriptors count against the limit of them until they are collected.
    if (name.includes("dropped") && round % 100 === 99) await collectGarbage();
  }
  const count = () => {
    releaseHeldRanges();
    return [openDescriptors() - before[0], regions().length - before[1]] as const;
  };
  // Finalizers of what was dropped come late.
  await collectUntil(() => count().every((more) => more <= 0), name.includes("dropped") ? 4 : 1);
  left[name] = count();
}
console.log(JSON.stringify(left));
