// Opens files where little is left of the stack, and prints how many are open then.
import { fileURLToPath } from "node:url";
import { MmapOptions, regions } from "../../mod.ts";
import { rounds } from "../support/rounds.ts";
import { callAt } from "../support/stack_end.ts";
import { openDescriptors } from "../support/temp_files.ts";

/** Up to so many frames from the deepest one on, at every third depth. */
const FRAMES = rounds("descriptorDepths");
const path = fileURLToPath(import.meta.url);
const calls = [
  () => void regions(),
  () => void regions({ pid: process.pid, resident: true }),
  () => new MmapOptions().map(path).unmap(),
];
for (const call of calls) call(); // what stays open after the first time is open now
const before = openDescriptors();
let succeeded = 0;
for (const call of calls) {
  for (let frames = 0; frames < FRAMES; frames += 3) {
    callAt(frames, () => {
      call();
      succeeded++;
    });
  }
}
console.log(
  JSON.stringify({
    left: openDescriptors() - before,
    isRefused: succeeded < calls.length * FRAMES / 3,
  }),
);
