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

/** Reads arguments; returns a message where nothing is left to run. */
export function readRequest(args: readonly string[]): Request | string {
  const names = args.filter((argument) => argument !== "--quick" && argument !== "--");
  const unknown = names.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (names.length > 0 && unknown.length === names.length) {
    return `There is no benchmark ${unknown.join(", ")}. There are:\n` +
      BENCHMARKS.map(({ name, title }) => `  ${name.padEnd(16)} ${title}`).join("\n") +
      "\nUsage: npm run bench -- [--quick] [NAME…]";
  }
  const benchmarks = names.length === 0
    ? BENCHMARKS
    : BENCHMARKS.filter(({ name }) => names.includes(name));
  return {
    isQuick: args.includes("--quick"),
    benchmarks,
    unknown: Object.fromEntries(unknown.map((name) => [name, "there is no such benchmark"])),
  };
}
