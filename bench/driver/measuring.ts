/**
 * Measures benchmarks, one after the other, within a time.
 *
 * @module
 */
import type { LeftOut } from "./build.ts";
import {
  type Benchmark,
  builtFor,
  type Contender,
  GIB,
  MIB,
  type Task,
} from "../catalogue/benchmark.ts";
import { childrenCpuTime } from "./cpu_time.ts";
import { HOSTS } from "./hosts.ts";
import { run } from "./processes.ts";
import type { Row } from "../results.ts";
import { measureRow, type Plan } from "./rounds.ts";
import { type Answer, parseAnswer, Sessions } from "./sessions.ts";
import { WorkFiles } from "./work_files.ts";

/** In one round each, to see that all is there. */
const QUICK: Plan = { warmUps: 0, atLeast: 1, atMost: 1, milliseconds: 0, fewer: 20 };

/** From this size on a round is too long to be thrown away, and has more of the time. */
const LONG = 256 * MIB;
const weightOf = (size: number) => size >= GIB ? 3 : size >= LONG ? 2 : 1;

/** The common setting of all rows. */
export interface Frame {
  readonly isQuick: boolean;
  readonly leftOut: LeftOut;
  /** For files, which the caller removes. */
  readonly folder: string;
  /** When all has to be done, by `performance.now()`. */
  readonly deadline: number;
}

/** Measures benchmarks. */
export async function measureAll(benchmarks: readonly Benchmark[], frame: Frame): Promise<Row[]> {
  const files = new WorkFiles(frame.folder);
  const sessions = new Sessions();
  const rows: Row[] = [];
  let seconds = benchmarks.reduce((sum, benchmark) => sum + benchmark.seconds, 0);
  for (const benchmark of benchmarks) {
    const start = performance.now();
    const left = Math.max(0, frame.deadline - performance.now());
    const share = Math.min(1000, left / seconds) * benchmark.seconds;
    rows.push(...await new Measuring(benchmark, frame, files, sessions).rows(share));
    // An engine that has compiled for one benchmark would be another one for the next.
    if (!frame.isQuick) await sessions.end();
    seconds -= benchmark.seconds;
    await files.removeOthers(benchmark);
    const taken = ((performance.now() - start) / 1000).toFixed(1);
    console.error(`Measured ${benchmark.name} in ${taken} s`);
  }
  await sessions.end();
  return rows;
}

/** One benchmark while it is measured. */
class Measuring {
  readonly #benchmark: Benchmark;
  readonly #frame: Frame;
  readonly #files: WorkFiles;
  readonly #sessions: Sessions;

  constructor(benchmark: Benchmark, frame: Frame, files: WorkFiles, sessions: Sessions) {
    this.#benchmark = benchmark;
    this.#frame = frame;
    this.#files = files;
    this.#sessions = sessions;
  }

  /** Its rows, within so many milliseconds. */
  async rows(milliseconds: number): Promise<Row[]> {
    const { sizes, quick } = this.#benchmark;
    const end = performance.now() + milliseconds;
    const rows: Row[] = [];
    for (const [index, size] of (this.#frame.isQuick ? [quick] : sizes).entries()) {
      const left = Math.max(0, end - performance.now());
      const weights = sizes.slice(index).reduce((sum, size) => sum + weightOf(size), 0);
      const share = left * weightOf(size) / weights;
      const plan = this.#frame.isQuick ? QUICK : planWithin(share, this.#warmUps(index, size));
      const path = await this.#files.path(this.#benchmark, size);
      rows.push(
        await measureRow(
          this.#benchmark,
          size,
          plan,
          (contender, operations) => this.#ask(contender, { size, operations, path }),
        ),
      );
    }
    return rows;
  }

  #warmUps(index: number, size: number): number {
    const { contenders, job } = this.#benchmark;
    if (size >= LONG || job !== undefined) return 0;
    // The first size is the smallest, at which the engines compile what the others run.
    return index === 0 && contenders.some(({ how }) => how.by === "served") ? 4 : 1;
  }

  async #ask(contender: Contender, task: Task): Promise<Answer> {
    this.#checkThere(contender);
    const { how } = contender;
    switch (how.by) {
      case "known":
        return { checksum: 0, operations: 1, measures: { size: await how.look() } };
      case "program":
        return await runProgram(contender, how, task);
      case "served":
        try {
          return await this.#sessions.ask(contender, how, task);
        } finally {
          // The memory of a job is that of a program that does nothing else.
          if (this.#benchmark.job !== undefined) await this.#sessions.end();
        }
    }
  }

  #checkThere(contender: Contender): void {
    const missing = this.#frame.leftOut.get(builtFor(contender));
    if (missing !== undefined && contender.how.by !== "known") throw new Error(missing);
    if (contender.unavailable !== undefined) throw new Error(contender.unavailable);
  }
}

function planWithin(milliseconds: number, warmUps: number): Plan {
  return { warmUps, atLeast: 3, atMost: 15, milliseconds, fewer: 1 };
}

async function runProgram(
  { host }: Contender,
  how: Extract<Contender["how"], { by: "program" }>,
  task: Task,
): Promise<Answer> {
  const start = performance.now();
  const before = childrenCpuTime();
  const printed = await run([...HOSTS[host].program, ...how.arguments(task)]);
  const measures = { time: 1e6 * (performance.now() - start), cpu: childrenCpuTime() - before };
  switch (how.prints) {
    case "answer":
      return parseAnswer(printed);
    case "checksum":
      return { checksum: parseInt(printed), operations: 1, measures };
    case "nothing":
      return { checksum: 0, operations: 1, measures };
  }
}
