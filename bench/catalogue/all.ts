/**
 * All benchmarks.
 *
 * @module
 */
import type { Benchmark } from "./benchmark.ts";
import { files } from "./files.ts";
import { jobs } from "./jobs.ts";
import { memory } from "./memory.ts";
import { programs } from "./programs.ts";
import { sharing } from "./sharing.ts";

/** In the order of the table. */
export const BENCHMARKS: readonly Benchmark[] = [
  ...jobs,
  ...memory,
  ...files,
  ...sharing,
  ...programs,
];
