// Uses "create" or "open-or-create" for each name when all others do, and notes what came of it.
import { type Mmap, MmapOptions, type SharedMode } from "../../mod.ts";

const [index = "", board = "", mode = "", length = "", ...names] = process.argv.slice(2);
const PROCESSES = 2;
/** A process sleeps where the other one has no processor. */
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const SPINS = 20_000;
const words = new MmapOptions().mapShared(board).view(Int32Array);
const options = new MmapOptions({ len: Number(length) });

/** Makes it, or opens what another has made; what became of it. */
function map(name: string): [outcome: number, mmap: Mmap] {
  try {
    const mmap = options.mapShared(name, { mode: mode as SharedMode });
    return [mode === "create" ? 1 : 3, mmap];
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "EEXIST") throw error;
    return [2, options.mapShared(name)];
  }
}

/** On Windows a name is gone with the last that has it. */
const kept: Mmap[] = [];
for (const [round, name] of names.entries()) {
  const at = 3 * round;
  Atomics.add(words, at, 1);
  for (let spin = 0; Atomics.load(words, at) < PROCESSES; spin++) {
    if (spin > SPINS) Atomics.wait(sleeper, 0, 0, 1);
  }
  const [outcome, mmap] = map(name);
  const last = Math.floor(mmap.byteLength / 4) - 1;
  for (const word of [0, last]) Atomics.add(mmap.view(Int32Array, 4 * word, 1), 0, 1);
  words[at + 1 + Number(index)] = outcome;
  if (process.platform === "win32") kept.push(mmap);
  else mmap.unmap();
}
console.log("done");
process.stdin.on("end", () => {
  for (const mmap of kept) mmap.unmap(); // until here something must lead to them
  process.exit(0);
}).resume();
