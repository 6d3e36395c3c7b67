/**
 * The side of a job that runs in a runtime: it answers as {@linkcode serve} does, and adds the
 * memory and the processors' time of all processes that take part.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { type Round, serve, type Work } from "../serve.ts";

export type { Task } from "../../catalogue/benchmark.ts";

/** A round that other processes may take part in. */
export interface JobRound extends Round {
  readonly processes?: readonly number[];
}

/** Prepares a way to do the job. */
export type Way = (...of: Parameters<Work>) => JobRound | Promise<JobRound>;

/** Answers until the input ends. */
export function serveJob(ways: Readonly<Record<string, Way>>): Promise<never> {
  const works = Object.entries(ways).map(([name, way]) => [name, measured(way)] as const);
  return serve(Object.fromEntries(works));
}

const measured = (way: Way): Work => async (task) => {
  const round = await way(task);
  const { processes = [] } = round;
  let before = 0;
  const cpuTime = () => ownCpuTime() + sum(processes.map(cpuTimeOf));
  return {
    run() {
      before = cpuTime();
      return round.run();
    },
    measures() {
      const cpu = cpuTime() - before; // first, because the system walks page tables for the other
      const memory = ownMemoryOf("self") + sum(processes.map(ownMemoryOf));
      return { cpu, memory, ...round.measures?.() };
    },
    ...(round.end && { end: () => round.end!() }),
  };
};

/**
 * The memory of a process that no file backs, in bytes: what it shares counts by its share.
 * Pages of files are the system's cache.
 */
export function ownMemoryOf(pid: number | "self"): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
  const kibibytes = (key: string) => Number(new RegExp(`^${key}: *(\\d+)`, "m").exec(rollup)![1]);
  return 1024 * (kibibytes("Pss_Anon") + kibibytes("Pss_Shmem"));
}

function ownCpuTime(): number {
  const { user, system } = process.cpuUsage();
  return 1000 * (user + system);
}

/** In nanoseconds, by ticks of 10 ms. */
function cpuTimeOf(pid: number): number {
  // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the 14th and 15th field; the
  // second one is a name in brackets, which may hold spaces.
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return 1e7 * (Number(fields[11]) + Number(fields[12]));
}

function sum(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
