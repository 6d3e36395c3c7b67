import { assertEquals, assertStringIncludes } from "@std/assert";
import { Unavailable } from "../tools/commands.ts";
import { choose, type Outcome, type Place, runPlaces, succeeded } from "../tools/matrix.ts";
import { finishSuite } from "../tools/suite_run.ts";

const PASSED: Outcome = { passed: 100, failed: 0, skipped: [] };

function place(name: string, runs: Readonly<Record<string, () => Outcome>>): Place<string> {
  return {
    name,
    start: (folder) => Promise.resolve(folder),
    runs: Object.entries(runs).map(([name, outcome]) => ({
      name,
      isShort: name === "Bun",
      run: () => Promise.resolve().then(outcome),
    })),
  };
}

const PLACES = [
  place("arm64", { Deno: () => PASSED, Bun: () => PASSED }),
  place("arm64-16k", { Deno: () => PASSED }),
];

Deno.test("choose() takes a place by its name, runs by a part of theirs, and the short ones", () => {
  const names = (names: string[], isShort = false) =>
    choose(PLACES, names, isShort).flatMap(({ name, runs }) => runs.map((run) => name + run.name));
  assertEquals(names([]), ["arm64Deno", "arm64Bun", "arm64-16kDeno"]);
  assertEquals(names([], true), ["arm64Bun"]);
  assertEquals(names(["arm64"]), ["arm64Deno", "arm64Bun"]);
  assertEquals(names(["arm"]), ["arm64Deno", "arm64Bun", "arm64-16kDeno"]);
  assertEquals(names(["Deno", "16k"]), ["arm64Deno", "arm64-16kDeno"]);
});

Deno.test("runPlaces() goes on after a failure, and succeeded() is false then", async () => {
  const fault = () => {
    throw new Error("on purpose");
  };
  const lacking = () => {
    throw new Unavailable("no such thing");
  };
  const records = await runPlaces([place("a", { fault, lacking, passed: () => PASSED })]);
  const [first, ...others] = records.map(({ outcome }) => outcome);
  assertStringIncludes((first as Outcome).failures!, "on purpose");
  assertEquals(others, [{ unavailable: "no such thing" }, PASSED]);
  assertEquals([succeeded(records), succeeded(records.slice(1))], [false, true]);
});

Deno.test("a place that is not set up is unavailable or has failed", async () => {
  for (const error of [new Unavailable("no such thing"), new Error("on purpose")]) {
    const records = await runPlaces([{ ...PLACES[0]!, start: () => Promise.reject(error) }]);
    assertEquals(records.length, 1);
    assertEquals(succeeded(records), error instanceof Unavailable);
  }
});

Deno.test("finishSuite() fails a run that had far fewer tests than the others", () => {
  const system = { name: "here", title: "", how: "", builds: [], start: () => Promise.reject() };
  const finish = finishSuite({ path: "", order: [] }, [system]);
  const record = (run: string, passed: number, place = "here") => ({
    place,
    run,
    outcome: { ...PASSED, passed },
  });
  const records = [record("a", 100), record("b", 90), record("c", 80), record("d", 1, "too-old")];
  const failed = finish(records, true).map(({ outcome }) => "failed" in outcome && outcome.failed);
  assertEquals(failed, [0, 0, 1, 0]);
});
