/**
 * All benchmarks.
 *
 * @module
 */
import type { Benchmark } from "./catalogue/benchmark.ts";
import { files } from "./catalogue/files.ts";
import { memory } from "./catalogue/memory.ts";
import { programs } from "./catalogue/programs.ts";
import { sharing } from "./catalogue/sharing.ts";

/** In the order of the table. */
export const BENCHMARKS: readonly Benchmark[] = [...memory, ...files, ...sharing, ...programs];
