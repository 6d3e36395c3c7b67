/**
 * Contenders that take turns: what disturbs the machine for a while then
 * disturbs all of them, and the ratio within a round stays true.
 *
 * @module
 */
import type { Benchmark, Contender, Measure } from "../catalogue/benchmark.ts";
import { contendersAt, TIME } from "../catalogue/benchmark.ts";
import { messageOf } from "./places.ts";
import type { Line, Row } from "../results.ts";
import type { Answer } from "./sessions.ts";

/** A row that lacks rounds may take so many times as long. */
const LENIENCE = 2;
/** The share of its time that a row may warm up. */
const WARM_UP = 0.2;

/** The rounds of a row. */
export interface Plan {
  /** Rounds that are thrown away. */
  readonly warmUps: number;
  readonly atLeast: number;
  readonly atMost: number;
  /** After so many milliseconds no round begins; one there is. */
  readonly milliseconds: number;
  /** Each round has so many times fewer operations. */
  readonly fewer: number;
}

/** Does one round; throws where it fails. */
export type Ask = (contender: Contender, operations: number) => Promise<Answer>;

/** A contender while its row is measured. */
interface Entry {
  readonly contender: Contender;
  readonly operations: number;
  readonly answers: Answer[];
  leftOut?: string;
}

/** Measures all contenders at one size. */
export async function measureRow(
  benchmark: Benchmark,
  size: number,
  { warmUps, atLeast, atMost, milliseconds, fewer }: Plan,
  ask: Ask,
): Promise<Row> {
  const entries = contendersAt(benchmark, size).map((contender): Entry => {
    const operations = benchmark.operations(size) / fewer / (contender.fewer?.(size) ?? 1);
    return { contender, operations: Math.max(1, Math.floor(operations)), answers: [] };
  });
  const start = performance.now();
  const begun = () => performance.now() - start;
  let done = 0;
  for (let round = -warmUps; round < atMost; round++, done++) {
    const isLate = begun() * (1 + 1 / done) > milliseconds * (round < atLeast ? LENIENCE : 1);
    if (round >= 1 && isLate) break;
    if (round < -1 && begun() > milliseconds * WARM_UP) round = -1; // the last one of these
    // Of two neighbours each comes first half the time.
    for (const entry of round % 2 === 0 ? entries : entries.toReversed()) {
      if (entry.leftOut !== undefined) continue;
      try {
        const answer = await ask(entry.contender, entry.operations);
        if (round >= 0) entry.answers.push(answer);
      } catch (error) {
        entry.leftOut = messageOf(error);
      }
    }
  }
  return toRow(benchmark, size, entries);
}

function toRow(benchmark: Benchmark, size: number, entries: readonly Entry[]): Row {
  const lines = entries.map((entry) => toLine(entry, benchmark.measures ?? [TIME]));
  const measured = entries.filter(({ leftOut }) => leftOut === undefined);
  const common = { benchmark: benchmark.name, size, lines };
  const [first, ...others] = measured;
  if (first === undefined) return { ...common, error: "none was measured" };
  const checksum = first.answers[0]!.checksum;
  const wrong = [first, ...others].find(({ answers }) =>
    answers.some((answer) => answer.checksum !== checksum)
  );
  if (wrong === undefined) return { ...common, checksum };
  const text = ({ contender: { name, host }, answers }: Entry) =>
    `${name} on ${host} had the checksum ${answers.map((answer) => answer.checksum).join(", ")}`;
  return { ...common, error: `${text(first)}, ${text(wrong)}` };
}

function toLine(
  { contender: { name, host, role }, operations, answers, leftOut }: Entry,
  measures: readonly Measure[],
): Line {
  const common = { name, host, role, operations };
  if (leftOut !== undefined) return { ...common, rounds: {}, leftOut };
  const valuesOf = ({ key, per }: Measure) =>
    answers.map((answer) => {
      const value = answer.measures[key];
      return value === undefined ? NaN : value / (per === "operation" ? answer.operations : 1);
    });
  const measured = measures.map((measure) => [measure.key, valuesOf(measure)] as const)
    .filter(([, values]) => !values.some(Number.isNaN));
  return { ...common, rounds: Object.fromEntries(measured) };
}
