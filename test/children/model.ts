// Takes random sequences of all calls, and compares with the model; prints what it came to.
// The arguments are the seed, how many sequences, and `stranger`, where another thread is to
// do anything at any time meanwhile.
import fc from "fast-check";
import { MmapOptions, pageSize } from "../../mod.ts";
import { withoutSmaps } from "../support/memory_map.ts";
import { type Step, verbs, World } from "../model/sequence.ts";
import { Stranger } from "../model/stranger.ts";

const [seed, count] = process.argv.slice(2, 4).map(Number) as [number, number];

/** True under an emulator of processors: it has no numbers of pages in RAM, and takes no advice. */
function isEmulated(): boolean {
  // First what is not the library's: what is broken there must not pass for emulated.
  if (process.platform !== "linux" || withoutSmaps() === undefined) return false;
  const options = new MmapOptions({ len: pageSize() });
  const mmap = options.mapAnon();
  const reserved = options.reserve();
  try {
    reserved.resident();
    mmap.bytes[0] = 1;
    mmap.advise("dont-need");
    if (mmap.bytes[0] !== 0) return true;
  } catch {
    return true;
  }
  try {
    mmap.advise("remove"); // no kernel takes that for memory without a file
    return true;
  } catch {
    return false;
  }
}

console.log(`seed ${seed}`); // first: nothing else is printed after a crash
const world = new World(isEmulated());
const hasStranger = process.argv[4] === "stranger";
if (hasStranger) world.stranger = await Stranger.start(seed);
const number = fc.nat(65_535);
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom(...verbs(world.isEmulated, hasStranger)),
  fc.nat(2),
  number,
  number,
  number,
);
let taken = 0;
const property = fc.asyncProperty(
  fc.array(step, { maxLength: 24, size: "max" }),
  async (steps) => {
    taken++;
    await world.run(steps);
    // The collector's callbacks come between turns of the event loop.
    if (taken % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    if (taken % 2000 === 0) await world.collect();
  },
).afterEach(() => world.clear());
try {
  await fc.assert(property, { numRuns: count, seed });
  const others = world.stranger?.calls ?? 0;
  console.log(JSON.stringify({ sequences: taken, calls: world.calls, others }));
} finally {
  world.names.clear();
  world.files.remove();
}
