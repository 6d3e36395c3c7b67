/**
 * Ratios, and missing rows.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type Benchmark, type Contender, TIME } from "../catalogue/benchmark.ts";
import { Judge, type Judgement } from "../report/ratios.ts";
import { missingFrom } from "../report/missing.ts";
import type { Results, Row } from "../results.ts";

type Who = Pick<Contender, "name" | "host" | "role"> & Partial<Contender> & { times: number[] };

const SYSALLOC: Who = { name: "sysalloc", host: "Deno", role: "sysalloc", times: [10, 20, 30] };
const C_INSIDE: Who = { name: "C, in the process", host: "Deno", role: "c", times: [5, 10, 15] };
const C_PROGRAM: Who = { name: "C", host: "C", role: "c", times: [1, 1, 1] };
const FFI: Who = { name: "the FFI", host: "Deno", role: "floor", times: [4, 8, 12] };
const FAST: Who = { name: "fast", host: "Deno", role: "javascript", times: [8, 16, 24] };
const COPY: Who = {
  name: "copy",
  host: "Deno",
  role: "javascript",
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
  assertEquals(judgeFirst([SYSALLOC, C_PROGRAM, C_INSIDE]).toC!.ratio, 2);
  assertEquals(judgeFirst([SYSALLOC, C_PROGRAM]).toC!.ratio, 20);
});

Deno.test("judge() compares sysalloc alone with the floor, and with C beside it", () => {
  const who = [SYSALLOC, C_INSIDE, FFI, FAST];
  const { toFloor, toC } = judgeFirst(who);
  assertEquals([toFloor!.ratio, toC!.ratio], [2.5, 2]);
  const [benchmark, row] = work(who);
  assertEquals(new Judge(benchmark, row, TIME).judge(row.lines[3]!).toFloor, undefined);
});

Deno.test("bestIn() finds the fastest sysalloc of a runtime", () => {
  const better: Who = { ...SYSALLOC, name: "sysalloc, better", times: [1, 2, 3] };
  const [benchmark, row] = work([SYSALLOC, better, FAST]);
  const judge = new Judge(benchmark, row, TIME);
  assertEquals([judge.bestIn("Deno")!.name, judge.bestIn("Bun")], ["sysalloc, better", undefined]);
});

Deno.test("judge() compares with the best JavaScript peer of the same runtime", () => {
  const { toBestPeer } = judgeFirst([SYSALLOC, COPY, FAST, ELSEWHERE]);
  assertEquals(toBestPeer!.name, "fast");
  assertEquals(toBestPeer!.ratio, 1.25);
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
  const [known] = work([SYSALLOC, FAST, { ...C_PROGRAM, unavailable: "it crashes", times: [] }]);
  assertEquals(missingFrom({ machine, leftOut: {}, rows: [row] }, [known], true), []);
});
