/**
 * Jobs: their sizes, their section of the page, and their picture.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { BENCHMARKS } from "../catalogue/all.ts";
import { type Benchmark, GIB, type Measure, MIB, TIME } from "../catalogue/benchmark.ts";
import { fitted, roomFor } from "../driver/room.ts";
import { barsOf, drawJobs } from "../report/chart.ts";
import { resultsPage } from "../report/page.ts";
import type { Line, Results } from "../results.ts";

const MEMORY: Measure = { key: "memory", title: "own memory", unit: "bytes", per: "round" };

const JOB: Benchmark = {
  name: "job",
  title: "A job",
  counted: "all of it",
  sizes: [GIB],
  quick: 32 * MIB,
  operations: () => 1,
  file: "log",
  contenders: [
    { name: "sysalloc", host: "Deno", role: "sysalloc", how: { by: "served", work: "a" } },
    { name: "copy", host: "Deno", role: "javascript", how: { by: "served", work: "b" } },
    { name: "crash", host: "Deno", role: "javascript", how: { by: "served", work: "c" } },
  ],
  measures: [TIME, MEMORY],
  behind: "nothing is free",
  seconds: 1,
  job: { memory: 3 },
};

const line = (name: string, role: Line["role"], time: number, memory: number): Line => ({
  name,
  host: "Deno",
  role,
  operations: 1,
  rounds: { time: [time], memory: [memory] },
});

const RESULTS: Results = {
  machine: {
    date: "2026-01-01T00:00:00Z",
    cpu: "a processor",
    cores: 2,
    memory: GIB,
    kernel: "linux",
    load: 0,
    versions: {},
  },
  leftOut: {},
  rows: [{
    benchmark: "job",
    size: GIB,
    checksum: 1,
    lines: [
      line("sysalloc", "sysalloc", 1e6, 1e6),
      line("copy", "javascript", 4e6, 5e5),
      { ...line("crash", "javascript", 0, 0), rounds: {}, leftOut: "it crashes" },
    ],
  }],
};

Deno.test("fitted() halves the sizes of a job until memory and disk suffice", () => {
  const sizeIn = (memory: number, disk: number) => fitted(JOB, { memory, disk }).sizes[0];
  assertEquals(sizeIn(8 * GIB, 8 * GIB), GIB);
  assertEquals(sizeIn(2 * GIB, 8 * GIB), 512 * MIB);
  assertEquals(sizeIn(8 * GIB, GIB), 512 * MIB);
  assertEquals(fitted(JOB, { memory: 0, disk: 0 }), { ...JOB, sizes: [16 * MIB], quick: 16 * MIB });
});

Deno.test("fitted() changes no benchmark that is no job", () => {
  const { job: _, ...other } = JOB;
  assertEquals(fitted(other, { memory: 0, disk: 0 }), other);
});

Deno.test("roomFor() finds room on this machine", () => {
  const { memory, disk } = roomFor(Deno.cwd());
  assertEquals([memory > 0, disk > 0], [true, true]);
});

Deno.test("resultsPage() lists jobs first, with bars, reasons, and what was left out", () => {
  const page = resultsPage(RESULTS, [JOB]);
  assertStringIncludes(page, "### A job, 1 GiB (`job`)");
  assertStringIncludes(page, "| **sysalloc** | Deno | ███ | 1.00 ms | 1.00 MB |");
  assertStringIncludes(page, "| copy | Deno | ████████████ | 4.00 ms | 500 KB |");
  assertStringIncludes(page, "Where an alternative is ahead: nothing is free.");
  assertStringIncludes(page, "Left out: crash in Deno: it crashes.");
  assertEquals(page.indexOf("## Jobs") < page.indexOf("## Beside the floor"), true);
});

Deno.test("barsOf() tells how many times as much the best alternative takes", () => {
  assertEquals(barsOf(RESULTS, [JOB]), [
    { job: "A job", runtime: "Deno", measure: "time", ratio: 4 },
    { job: "A job", runtime: "Deno", measure: "own memory", ratio: 0.5 },
  ]);
});

Deno.test("drawJobs() draws a picture for light pages and one for dark ones", async () => {
  const drawn = await drawJobs(RESULTS, [JOB]);
  assertEquals(drawn.map(([file]) => file), ["jobs.svg", "jobs-dark.svg"]);
  for (const [, svg] of drawn) assertStringIncludes(svg, "A job");
});

Deno.test("every job has a sysalloc and an alternative in each runtime, and measures its memory", () => {
  for (const { name, job, contenders, measures } of BENCHMARKS) {
    if (job === undefined) continue;
    assertEquals([name, measures?.some(({ key }) => key === "memory")], [name, true]);
    for (const host of ["Deno", "Bun", "Node.js 26"]) {
      const roles = contenders.filter((contender) => contender.host === host)
        .map(({ role }) => role);
      assertEquals([name, roles.includes("sysalloc"), roles.includes("javascript")], [
        name,
        true,
        true,
      ]);
    }
  }
});
