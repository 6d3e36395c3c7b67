/**
 * Contestants that take turns: what disturbs the machine for a while then
 * disturbs all of them, and the ratio within a round stays true.
 *
 * @module
 */
import { setImmediate, setTimeout } from "node:timers/promises";
import { measure } from "mitata";

const RUNS_PER_ROUND = 8;

/** Exactly so many runs after mitata's warm-up, none discarded, and no forced collection. */
const OPTIONS = {
  gc: false,
  min_samples: RUNS_PER_ROUND,
  max_samples: RUNS_PER_ROUND,
  min_cpu_time: 0,
  batch_threshold: 0,
} as const;

/**
 * Runs each contestant in each round, and returns its nanoseconds for one run,
 * round by round: of the runs of a round the mean (`"avg"`), or the fastest
 * (`"min"`) where only the rest of the machine makes one slower.
 *
 * The collector's pauses and the callbacks of finalization registries belong
 * to a run: it ends when those that are due have been called.
 */
export async function takeTurns<Name extends string>(
  rounds: number,
  statistic: "avg" | "min",
  contestants: Readonly<Record<Name, () => void | Promise<void>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contestants) as Name[];
  const times = Object.fromEntries(
    names.map((name) => [name, [] as number[]]),
  ) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const run = async () => {
        await contestants[name]();
        await setImmediate();
      };
      const stats = await measure(run, { ...OPTIONS });
      times[name].push(stats[statistic]);
      await setTimeout(5); // what the collector still does in its threads
    }
    names.reverse(); // so that of two neighbours each comes first half the time
  }
  return times;
}
