/**
 * Versions below the floors, which must say so at first use.
 *
 * @module
 */
import { join } from "node:path";
import { FLOORS } from "../../ffi/host.ts";
import { cache, emptyFolder, logs, readIfThere } from "../matrix/cache.ts";
import { orUnavailable } from "../matrix/driver.ts";
import { run } from "../matrix/process.ts";
import type { RuntimeBuild } from "../matrix/runtimes.ts";
import { step } from "../matrix/steps.ts";
import type { RunRecord } from "../matrix/summary.ts";
import { TOO_OLD } from "./declared.ts";
import { prepareSuite } from "./suite.ts";

const PLATFORM = "too old";

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
  await emptyFolder(logs(PLATFORM));
  await prepareSuite(suite);
  await Deno.writeTextFile(join(suite, "use.mjs"), PROGRAM);
  const records: RunRecord[] = [];
  for (const runtime of TOO_OLD) records.push(await runOne(runtime, suite));
  return records;
}

async function runOne(
  { label, id, runner, version, options = [], fetch }: RuntimeBuild,
  suite: string,
): Promise<RunRecord> {
  const record = { platform: PLATFORM, runtime: label, skipped: [] };
  const log = join(logs(PLATFORM), `${id}.log`);
  const printed = await orUnavailable(step(`${PLATFORM}: ${label}`, async () => {
    const command = [await fetch(), ...options, ...RUN[runner], "use.mjs"];
    await run(command, { log, cwd: suite, limit: 60 });
    return (await readIfThere(log) ?? "").trim();
  }, (text) => text.split("\n")[0]!));
  if (typeof printed !== "string") return { ...record, result: printed };
  const [, title, needed] = FLOORS.find(([name]) => name === runner)!;
  const sentence = `Error: ${title} ${version} is too old: use ${title} ${needed} or later`;
  const isRight = printed === Array(3).fill(sentence).join("\n");
  const [passed, failed] = isRight ? [1, 0] : [0, 1];
  return {
    ...record,
    result: { version, passed, failed, skipped: 0 },
    problem: isRight ? undefined : printed,
  };
}
