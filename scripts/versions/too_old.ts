/**
 * Versions below the floors, which must say so at first use.
 *
 * @module
 */
import { join } from "node:path";
import { cache } from "../matrix/cache.ts";
import type { RuntimeBuild } from "../matrix/runtimes.ts";
import { step, Unavailable } from "../matrix/steps.ts";
import type { RunRecord } from "../matrix/summary.ts";
import { TOO_OLD } from "./declared.ts";
import { prepareSuite } from "./suite.ts";

const RUN = { deno: ["run", "-A"], bun: ["run"], node: [] } as const;

const PROGRAM = `
import { maxViewByteLength, MmapOptions, pageSize } from "./mod.js";
for (const use of [pageSize, maxViewByteLength, () => new MmapOptions({ len: 1 }).mapAnon()]) {
  try {
    console.log("worked: " + use());
  } catch (error) {
    console.log(error.constructor.name + ": " + error.message);
  }
}
`;

/** Runs each of them. */
export async function runTooOld(): Promise<RunRecord[]> {
  const suite = join(cache, "suite-too-old");
  await prepareSuite(suite);
  const program = join(suite, "use.mjs");
  await Deno.writeTextFile(program, PROGRAM);
  const records: RunRecord[] = [];
  for (const runtime of TOO_OLD) records.push(await runOne(runtime, program));
  return records;
}

async function runOne(
  { label, runner, version, fetch }: RuntimeBuild,
  program: string,
): Promise<RunRecord> {
  const record = { platform: "too old", runtime: label, skipped: [] };
  try {
    const printed = await step(`too old: ${label}`, async () => {
      const executable = await fetch();
      const { stdout, stderr } = await new Deno.Command(executable, {
        args: [...RUN[runner], program],
      }).output();
      return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    }, (text) => text.split("\n")[0]!);
    const name = label.replace(/ [\d.]+$/, "");
    const sentence = `Error: ${name} ${version} is too old: use ${name} [\\d.]+ or later\n`;
    const isRight = new RegExp(`^(${sentence}){3}$`.replaceAll(".js", "\\.js")).test(printed);
    const [passed, failed] = isRight ? [1, 0] : [0, 1];
    return {
      ...record,
      result: { version, passed, failed, skipped: 0 },
      problem: isRight ? undefined : printed,
    };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return { ...record, result: { unavailable: error.message } };
  }
}
