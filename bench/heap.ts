/**
 * What holding a view of a large mapping costs the rest of a program in Bun,
 * which counts a view's length as its heap and so collects late.
 *
 * @module
 */
import { BUN, runScript } from "./processes.ts";
import { quartiles, ratios, type Result, type Target } from "./result.ts";

/** What `holding.ts` holds while it allocates. */
export type Held = "nothing" | "view" | "bytes" | "Bun.mmap";

/** What `holding.ts` prints. */
export interface Holding {
  /** How long it allocated. */
  readonly milliseconds: number;
  /** The largest resident set of the process, in bytes. */
  readonly maxRss: number;
}

const ROUNDS = 11;

const NAMES: Readonly<Record<Held, string>> = {
  nothing: "nothing",
  view: "a 64 KiB view() of 1 GiB",
  bytes: "the bytes of 1 GiB",
  "Bun.mmap": "Bun.mmap() of 1 GiB",
};

/** Measures each way in processes that take turns; writes a sparse file of 1 GiB into `directory`. */
export async function compareHeld(directory: string): Promise<Result[]> {
  const file = `${directory}/sparse`;
  await Deno.writeFile(file, new Uint8Array());
  await Deno.truncate(file, 2 ** 30);
  const holdings: Record<Held, Holding[]> = {
    nothing: [],
    view: [],
    bytes: [],
    "Bun.mmap": [],
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (const held of Object.keys(holdings) as Held[]) {
      holdings[held].push(await runScript(BUN, "holding.ts", held, file));
    }
  }

  const time = (held: Held) => holdings[held].map(({ milliseconds }) => milliseconds);
  const memory = (held: Held) => holdings[held].map(({ maxRss }) => maxRss);
  const compare = (held: Held, reference: Held, target?: Target): Result[] => {
    const common = { runtime: BUN.name, unit: "x", target } as const;
    const milliseconds = quartiles(time(reference)).median;
    const bytes = quartiles(memory(reference)).median;
    return [
      {
        ...common,
        benchmark: `time of allocating while ${NAMES[held]} is held`,
        comparedWith: `${NAMES[reference]}: ${milliseconds.toFixed(0)} ms`,
        values: ratios(time(held), time(reference)),
      },
      {
        ...common,
        benchmark: `memory of allocating while ${NAMES[held]} is held`,
        comparedWith: `${NAMES[reference]}: ${(bytes / 1e6).toFixed(0)} MB`,
        values: ratios(memory(held), memory(reference)),
      },
    ];
  };
  return [
    ...compare("view", "Bun.mmap", { bound: "at most", value: 1 }),
    ...compare("view", "nothing"),
    ...compare("bytes", "nothing"),
    ...compare("Bun.mmap", "nothing"),
  ];
}
