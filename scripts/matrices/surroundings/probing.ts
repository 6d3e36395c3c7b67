/**
 * Runs the probe, a program that makes every public call, in a surrounding.
 *
 * @module
 */
import { resolve } from "node:path";
import { childUrl } from "../../../test/support/bundled.ts";
import { Unavailable } from "../../tools/commands.ts";
import type { Outcome, Place } from "../../tools/matrix.ts";
import { lead } from "../../tools/processes.ts";
import { type LocalRuntime, RUNTIMES } from "../../tools/suite.ts";
import type { Surrounding } from "./declared.ts";
import { type Ending, isEndedByEngine, judge } from "./judge.ts";

/** The runtimes that CI runs. */
const SHORT: readonly string[] = ["bun", "node26"];

const FLAGS = {
  deno: ["run", "--no-check", "-A", "--v8-flags=--expose-gc"],
  bun: ["run"],
  node: ["--no-warnings", "--expose-gc"],
};

const ENGINE_ENDS = "the engine ends the process where a call of its own is refused";

/** A surrounding as a place: the probe runs in each runtime. */
export function surroundingPlace(surrounding: Surrounding): Place<string> {
  return {
    name: surrounding.name,
    start: async (folder) => {
      await Deno.chmod(folder, 0o755); // users without rights go there
      return folder;
    },
    runs: Object.entries(RUNTIMES).map(([name, runtime]) => ({
      name,
      isShort: surrounding.isShort && SHORT.includes(name),
      run: (folder) => probe(surrounding, runtime, folder),
    })),
  };
}

/** Runs the probe in one runtime. */
async function probe(
  surrounding: Surrounding,
  runtime: LocalRuntime,
  folder: string,
): Promise<Outcome> {
  const run = (program: "probe" | "plain", threads: boolean) =>
    runProgram(childUrl(`${program}.ts`).pathname, surrounding, runtime, threads, folder);
  const first = await run("probe", true);
  let verdict = judge(first, surrounding.keeps);
  let note = "";
  if (!verdict.hasEnded) {
    // The library is not at fault if the runtime ends without any use of it.
    if (isEndedByEngine(first)) throw new Unavailable(ENGINE_ENDS);
    const alone = await run("plain", false);
    if (!isPlain(alone)) {
      const isMissing = alone.code === 127 || alone.errors.includes("unshare failed");
      throw new Unavailable(isMissing ? lastLine(alone) : "the runtime itself does not run");
    }
    const threads = await run("plain", true);
    if (!isPlain(threads)) {
      note = ", the runtime itself starts no thread";
      const again = await run("probe", false);
      if (isEndedByEngine(again)) throw new Unavailable(ENGINE_ENDS);
      verdict = judge(again, surrounding.keeps, threads.code); // it can fail to end those that it has
    }
  }
  const { worked, refused, faults } = verdict;
  const details = first.output.replace(/^again, .*\n/gm, "");
  const common = { skipped: [], details };
  if (faults.length > 0) {
    const words = `failed${note}`;
    return { ...common, passed: 0, failed: 1, words, failures: `  ${faults.join("\n  ")}` };
  }
  const words = `${worked / 2} worked, ${refused / 2} were refused${note}`; // each is made twice
  return { ...common, passed: 1, failed: 0, words };
}

function isPlain({ code, output }: Ending): boolean {
  return code === 0 && output.endsWith("end\n");
}

function lastLine({ errors }: Ending): string {
  return errors.trimEnd().split("\n").at(-1)!;
}

/** Runs a program of `test/children/` in a surrounding. */
async function runProgram(
  path: string,
  { filter, command, maxSeconds }: Surrounding,
  { runner, program }: LocalRuntime,
  threads: boolean,
  parent: string,
): Promise<Ending> {
  const folder = await Deno.makeTempDir({ dir: parent });
  await Deno.chmod(folder, 0o777);
  const args = [folder, filter, threads ? "threads" : ""];
  // Not into a file: its length can be limited.
  const { result: { code, stdout, stderr }, timedOut } = await lead(
    command([resolve(program), ...FLAGS[runner], path, ...args], folder),
    {
      env: { NO_COLOR: "1", HOME: folder, DENO_NO_UPDATE_CHECK: "1" },
      stdout: "piped",
      stderr: "piped",
    },
    maxSeconds,
    (child) => child.output(),
  );
  const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, timedOut, output: output!, errors: errors! };
}
