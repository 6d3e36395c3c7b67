/**
 * What the command line asks for.
 *
 * @module
 */
import { BENCHMARKS } from "./catalogue.ts";
import type { Benchmark } from "./catalogue/benchmark.ts";

/** What to run. */
export interface Request {
  /** Once and briefly, to see that all is there. */
  readonly isQuick: boolean;
  readonly benchmarks: readonly Benchmark[];
  /** What was asked for and is not there, and why. */
  readonly unknown: Readonly<Record<string, string>>;
}

/** The names and titles of all benchmarks, a line each. */
export function benchmarkList(): string {
  return BENCHMARKS.map(({ name, title }) => `  ${name.padEnd(16)} ${title}`).join("\n");
}

/** Looks for the benchmarks that are named; returns a message where nothing is left to run. */
export function readRequest(names: readonly string[], isQuick: boolean): Request | string {
  const unknown = names.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (names.length > 0 && unknown.length === names.length) {
    return `There is no benchmark ${unknown.join(", ")}. There are:\n${benchmarkList()}`;
  }
  const benchmarks = names.length === 0
    ? BENCHMARKS
    : BENCHMARKS.filter(({ name }) => names.includes(name));
  return {
    isQuick,
    benchmarks,
    unknown: Object.fromEntries(unknown.map((name) => [name, "there is no such benchmark"])),
  };
}
