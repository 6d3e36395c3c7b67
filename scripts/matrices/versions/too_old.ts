/**
 * Versions older than the supported ones, which must say so at first use.
 *
 * @module
 */
import { join } from "node:path";
import { OLDEST_VERSIONS } from "../../../ffi/runtime/versions.ts";
import { cache, emptyFolder, logs } from "../../tools/cache.ts";
import type { Outcome, Place } from "../../tools/matrix.ts";
import type { RuntimeBuild } from "../../tools/runtimes.ts";
import type { Guest } from "../../tools/suite_run.ts";
import { TOO_OLD } from "./declared.ts";
import { startHere } from "./suite.ts";

const NAME = "too-old";

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

/** The place that has them. */
export const tooOld: Place<Guest> = {
  name: NAME,
  start: async () => {
    await emptyFolder(logs(NAME));
    const guest = await startHere(NAME);
    await Deno.writeTextFile(join(cache, `suite-${NAME}`, "use.mjs"), PROGRAM);
    return guest;
  },
  runs: TOO_OLD.map((build) => ({
    name: build.label,
    isShort: true,
    run: (guest) => runOne(guest, build),
  })),
};

async function runOne(
  guest: Guest,
  { id, runner, version, options = [], fetch }: RuntimeBuild,
): Promise<Outcome> {
  const log = join(logs(NAME), `${id}.log`);
  const command = [await fetch(), ...options, ...RUN[runner], "use.mjs"];
  await guest.run(command, { log, report: "" });
  const printed = (await Deno.readTextFile(log)).trim();
  const [, title, needed] = OLDEST_VERSIONS.find(([name]) => name === runner)!;
  const sentence = `Error: ${title} ${version} is too old: use ${title} ${needed} or later`;
  const isRight = printed === Array(3).fill(sentence).join("\n");
  return isRight
    ? { passed: 1, failed: 0, skipped: [], words: "says that it is too old" }
    : { passed: 0, failed: 1, skipped: [], failures: printed };
}
