/**
 * Turns, checksums and time.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Benchmark, type Contender, TIME } from "../catalogue/benchmark.ts";
import { measureRow, type Plan } from "../driver/rounds.ts";
import type { Answer } from "../driver/sessions.ts";

const PLAN: Plan = { warmUps: 1, atLeast: 2, atMost: 2, milliseconds: 1e6, fewer: 1 };

const contender = (name: string, details: Partial<Contender> = {}): Contender => ({
  name,
  host: "Deno",
  role: "javascript",
  how: { by: "served", work: name },
  ...details,
});

const benchmark = (...contenders: Contender[]): Benchmark => ({
  name: "work",
  title: "A work",
  counted: "an operation",
  sizes: [64],
  quick: 64,
  operations: () => 100,
  contenders,
  seconds: 1,
});

const answer = (operations: number, time: number, checksum = 1): Answer => ({
  checksum,
  operations,
  measures: { time },
});

Deno.test("measureRow() lets contenders take turns in reverse order every other round", async () => {
  const asked: string[] = [];
  await measureRow(benchmark(contender("a"), contender("b")), 64, PLAN, ({ name }, operations) => {
    asked.push(name);
    return Promise.resolve(answer(operations, 1));
  });
  assertEquals(asked.join(""), "baabba");
});

Deno.test("measureRow() throws warm-ups away, and divides the time by the operations", async () => {
  let time = 0;
  const row = await measureRow(benchmark(contender("a")), 64, PLAN, (_, operations) => {
    time += 1000;
    return Promise.resolve(answer(operations, time));
  });
  assertEquals(row.lines[0]!.rounds, { [TIME.key]: [20, 30] });
});

Deno.test("measureRow() asks for fewer operations where each takes long, and for one at least", async () => {
  const counts: number[] = [];
  const plan = { ...PLAN, warmUps: 0, atMost: 1, atLeast: 1 };
  const contenders = [contender("a", { fewer: () => 20 }), contender("b", { fewer: () => 1000 })];
  await measureRow(benchmark(...contenders), 64, plan, (_, operations) => {
    counts.push(operations);
    return Promise.resolve(answer(operations, 1));
  });
  assertEquals(counts, [5, 1]);
});

Deno.test("measureRow() does not let a row count when two checksums differ", async () => {
  const row = await measureRow(
    benchmark(contender("a"), contender("b")),
    64,
    PLAN,
    ({ name }, operations) => Promise.resolve(answer(operations, 1, name === "a" ? 1 : 2)),
  );
  assertEquals(row.checksum, undefined);
  assertStringIncludes(row.error ?? "", "b on Deno had the checksum 2");
});

Deno.test("measureRow() leaves a contender out when it fails, with its reason, and asks it no more", async () => {
  const asked: string[] = [];
  const row = await measureRow(
    benchmark(contender("a"), contender("b")),
    64,
    PLAN,
    ({ name }, operations) => {
      asked.push(name);
      if (name === "a") return Promise.reject(new Error("there is no a"));
      return Promise.resolve(answer(operations, 1));
    },
  );
  assertEquals(asked.filter((name) => name === "a").length, 1);
  assertEquals(row.lines.map(({ leftOut }) => leftOut), ["there is no a", undefined]);
  assertEquals(row.checksum, 1);
});

Deno.test("measureRow() begins no round beyond its time, but those that there must be", async () => {
  let rounds = 0;
  const plan = { ...PLAN, warmUps: 0, atLeast: 1, atMost: 100, milliseconds: 30 };
  await measureRow(benchmark(contender("a")), 64, plan, async (_, operations) => {
    rounds++;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return answer(operations, 1);
  });
  assertEquals(rounds, 1);
});
