/**
 * The room that this machine has for jobs.
 *
 * @module
 */
import { readFileSync, statfsSync } from "node:fs";
import { type Benchmark, MIB } from "../catalogue/benchmark.ts";

/** In bytes. */
export interface Room {
  readonly memory: number;
  readonly disk: number;
}

/** The share of the room that a job may take. */
const SHARE = 0.75;
/** Shorter files would show nothing but the start of programs. */
const SHORTEST = 16 * MIB;

/** The memory that is available here, within the limit of a container, and the disk of a folder. */
export function roomFor(folder: string): Room {
  const meminfo = readFileSync("/proc/meminfo", "latin1");
  const available = 1024 * Number(/^MemAvailable: *(\d+)/m.exec(meminfo)![1]);
  const { bavail, bsize } = statfsSync(folder);
  return { memory: Math.min(available, limitOfContainer()), disk: bavail * bsize };
}

function limitOfContainer(): number {
  try {
    const limit = readFileSync("/sys/fs/cgroup/memory.max", "latin1").trim();
    return limit === "max" ? Infinity : Number(limit);
  } catch {
    return Infinity; // another version of control groups, or none
  }
}

/** A benchmark whose sizes are halved until there is room for them; others than jobs stay. */
export function fitted(benchmark: Benchmark, { memory, disk }: Room): Benchmark {
  const { job, file, sizes } = benchmark;
  if (job === undefined) return benchmark;
  const fits = (size: number) =>
    size * job.memory <= SHARE * memory && (file === undefined || size <= SHARE * disk);
  const fit = (size: number) => {
    while (size > SHORTEST && !fits(size)) size /= 2;
    return size;
  };
  return { ...benchmark, sizes: sizes.map(fit), quick: fit(benchmark.quick) };
}
