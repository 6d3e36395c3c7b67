/**
 * The number of times that tests repeat something. A module of its own, because children
 * without permissions may not read the environment.
 *
 * @module
 */

/**
 * The part of the suite that a run takes: `"quick"` leaves out the tests that start processes,
 * `"few"` takes few rounds of all tests, `"all"` many.
 */
export type Tier = "quick" | "few" | "all";

/** The tier of this run. */
export const tier: Tier = tierOf(textOfTier());

/** The rounds of each repetition. The matrices take few: they have many runtimes, and emulate some. */
const ROUNDS = {
  /** Random sequences of all calls. */
  modelSequences: { few: 250, all: 8000 },
  /** The same while another thread does anything. */
  strangerSequences: { few: 120, all: 4000 },
  /** Random sequences of changes of access. */
  accessSequences: { few: 150, all: 500 },
  /** Random maps into WebAssembly memories. */
  memorySequences: { few: 30, all: 1000 },
  /** Memories with files that are made and dropped. */
  goneMemories: { few: 60, all: 300 },
  /** The rounds of each call of the runtime in flight. */
  inFlight: { few: 1, all: 4 },
  /** The length of its view, in MiB. */
  inFlightMebibytes: { few: 4, all: 32 },
  /** Mappings that are made, viewed and unmapped. With few the 512 MiB of `collection.test.ts` are less than a leak still. */
  cycles: { few: 25_000, all: 100_000 },
  mirrorCycles: { few: 200, all: 1000 },
  /** The rounds of a file mapped in each way. */
  fileLeaks: { few: 40, all: 1000 },
  /** The rounds of a file that others rename all the time. */
  renamedFiles: { few: 500, all: 50_000 },
  /** Errors that each native call fails with. */
  nativeErrors: { few: 1, all: 2 },
  /** Depths from the end of the stack on at which a call is tried. */
  unmapDepths: { few: 100, all: 600 },
  descriptorDepths: { few: 300, all: 600 },
  waitDepths: { few: 24, all: 300 },
  /** To how many lengths a mapping is resized at each of them. */
  resizesAtDepth: { few: 1, all: 2 },
  /** Orders in which three threads close their handles. */
  closingOrders: { few: 2, all: 6 },
  /** Mappings that workers hand around, and for how long, in milliseconds. */
  handedAround: { few: 60, all: 1000 },
  handingMilliseconds: { few: 150, all: 2000 },
  /** Calls that threads take at random over the same memory. */
  racedCalls: { few: 4000, all: 100_000 },
  /** The number of threads that are terminated meanwhile. */
  terminatedThreads: { few: 2, all: 40 },
  /** Threads that end while calls of C are compiled. */
  endedThreads: { few: 8, all: 100 },
  /** Times that threads begin all at once. */
  beginnings: { few: 1, all: 4 },
  /** Records that several threads append at once. */
  racedRecords: { few: 400, all: 4000 },
  /** Tickets that several threads take at once. */
  racedTickets: { few: 12, all: 300 },
  askedTickets: { few: 5, all: 20 },
  /** Lists of what is mapped while that changes. */
  changingLists: { few: 20, all: 200 },
  /** Names for which two processes race. */
  racedNames: { few: 20, all: 200 },
  /** Processes that are killed. */
  killedMakers: { few: 2, all: 5 },
  killedWriters: { few: 1, all: 3 },
  /** Wake-ups of two processes, there and back. */
  wakeUps: { few: 300, all: 2000 },
  /** The same with a program in Python or C. */
  handOvers: { few: 5000, all: 50_000 },
  /** Files that are truncated, and how often one is mapped again. */
  truncatedFiles: { few: 30, all: 200 },
  truncatedAgain: { few: 200, all: 2000 },
  /** Files that are unmapped while threads fault in them. */
  unmappedUnderFaults: { few: 200, all: 20_000 },
  /** Mappings whose views are used once they are gone: a multiple of the three ways to end one. */
  staleMappings: { few: 6, all: 24 },
  /** Ways to map all that can be, and how often it is unmapped and mapped again. */
  filledWays: { few: 4, all: 5 },
  filledAgain: { few: 1, all: 2 },
  /** Mappings that move again and again. */
  movedMappings: { few: 3, all: 8 },
  /** Mappings that are resized while the runtime reads into them. */
  resizedInFlight: { few: 6, all: 12 },
} as const;

/** The number of rounds in this run. */
export function rounds(name: keyof typeof ROUNDS): number {
  return ROUNDS[name][tier === "all" ? "all" : "few"];
}

function textOfTier(): string {
  try {
    return process.env["SYSALLOC_TIER"] ?? "few";
  } catch {
    return "few"; // the environment must not be read
  }
}

function tierOf(text: string): Tier {
  if (text !== "quick" && text !== "few" && text !== "all") {
    throw new Error(`SYSALLOC_TIER must be quick, few or all, got ${JSON.stringify(text)}`);
  }
  return text;
}
