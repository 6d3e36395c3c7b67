/**
 * Ratios and targets.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type Benchmark, type Contender, type Target, TIME } from "../catalogue/benchmark.ts";
import { Judge, type Judgement } from "../report/ratios.ts";
import { missingFrom } from "../report/missing.ts";
import type { Results, Row } from "../results.ts";

type Who = Pick<Contender, "name" | "host" | "role"> & Partial<Contender> & { times: number[] };

const SYSALLOC: Who = { name: "sysalloc", host: "Deno", role: "sysalloc", times: [10, 20, 30] };
const C_INSIDE: Who = { name: "C, in the process", host: "Deno", role: "c", times: [5, 10, 15] };
const C_PROGRAM: Who = { name: "C", host: "C", role: "c", times: [1, 1, 1] };
const FAST: Who = { name: "fast", host: "Deno", role: "javascript", times: [8, 16, 24] };
const COPY: Who = {
  name: "copy",
  host: "Deno",
  role: "javascript",
  handicap: "copies",
  times: [30, 60, 90],
};
const ELSEWHERE: Who = { name: "elsewhere", host: "Bun", role: "javascript", times: [1, 1, 1] };

function work(who: readonly Who[], details: Partial<Benchmark> = {}): [Benchmark, Row] {
  const contenders = who.map(({ times: _, ...contender }): Contender => ({
    how: { by: "served", work: contender.name },
    ...contender,
  }));
  const lines = who.map(({ name, host, role, times }) => ({
    name,
    host,
    role,
    operations: 1,
    rounds: { time: times },
  }));
  const benchmark: Benchmark = {
    name: "work",
    title: "A work",
    counted: "an operation",
    sizes: [64],
    quick: 64,
    operations: () => 1,
    contenders,
    seconds: 1,
    ...details,
  };
  return [benchmark, { benchmark: "work", size: 64, checksum: 1, lines }];
}

function judgeFirst(who: readonly Who[], details: Partial<Benchmark> = {}): Judgement {
  const [benchmark, row] = work(who, details);
  return new Judge(benchmark, row, TIME).judge(row.lines[0]!);
}

Deno.test("judge() compares with C in the same process when it is there, else with the program", () => {
  assertEquals(judgeFirst([SYSALLOC, C_PROGRAM, C_INSIDE]).toFloor!.ratio, 2);
  assertEquals(judgeFirst([SYSALLOC, C_PROGRAM]).toFloor!.ratio, 20);
});

Deno.test("judge() compares with the best JavaScript peer of the same runtime", () => {
  const { toBestPeer } = judgeFirst([SYSALLOC, COPY, FAST, ELSEWHERE]);
  assertEquals(toBestPeer!.name, "fast");
  assertEquals(toBestPeer!.ratio, 1.25);
});

Deno.test("judge() wants sysalloc ahead of its peers, and twice as fast as a copy", () => {
  const { verdicts } = judgeFirst([SYSALLOC, COPY, FAST]);
  assertEquals(verdicts.map(({ against, isMet }) => [against, isMet]), [
    ["fast", false],
    ["copy", true],
  ]);
});

Deno.test("judge() wants nothing of the slower form of sysalloc, and nothing where none is to be beaten", () => {
  const better: Who = { ...SYSALLOC, name: "sysalloc, better", times: [1, 2, 3] };
  assertEquals(judgeFirst([SYSALLOC, FAST, better]).verdicts, []);
  assertEquals(judgeFirst([SYSALLOC, FAST], { behind: "it cannot be" }).verdicts, []);
});

Deno.test("judge() holds a median against a ratio, a difference and a number", () => {
  const targets: Target[] = [
    { against: "C", atMost: 2 },
    { against: "C", atMost: 1.9 },
    { against: { name: "C, in the process" }, atMostMore: 10 },
    { against: "the number", atMost: 19 },
    { against: "C", on: ["Bun"], atMost: 0 },
    { against: "C", sizes: (size) => size > 64, atMost: 0 },
  ];
  const { verdicts } = judgeFirst([SYSALLOC, C_INSIDE], { targets });
  assertEquals(verdicts.map(({ isMet }) => isMet), [true, false, true, false]);
});

Deno.test("missingFrom() names what has no rounds, but not what could not be built", () => {
  const [benchmark, row] = work([SYSALLOC, FAST, { ...C_PROGRAM, times: [] }]);
  const machine = {} as Results["machine"];
  assertEquals(
    missingFrom({ machine, leftOut: { C: "no gcc" }, rows: [row] }, [benchmark], true),
    [],
  );
  assertEquals(missingFrom({ machine, leftOut: {}, rows: [row] }, [benchmark], true).length, 1);
  assertEquals(missingFrom({ machine, leftOut: {}, rows: [] }, [benchmark], true).length, 1);
});
