/**
 * Every script explains itself, and refuses arguments that it
 * does not know before it does anything.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { output } from "../tools/processes.ts";
import { sideBySide } from "../tools/side_by_side.ts";

const ROOT = join(import.meta.dirname!, "../..");

/** Arguments that are wrong in what they name, or how many there are. */
const WRONG: Readonly<Record<string, readonly [args: readonly string[], complaint: string]>> = {
  "an unknown positional": [["scripts/demo.ts", "deno"], "Unexpected argument 'deno'"],
  "one positional too many": [["scripts/real_jsr.ts", "a", "b"], "Unexpected argument 'b'"],
  "an option without its value": [
    ["scripts/soak.ts", "--calls"],
    "Option '--calls <value>' argument missing",
  ],
  "what is no number": [
    ["scripts/soak.ts", "--calls", "many"],
    "--calls must be a whole number, got 'many'",
  ],
  "an empty number": [
    ["scripts/soak.ts", "--calls="],
    "--calls must be a whole number, got ''",
  ],
  "an unknown runtime": [
    ["scripts/soak.ts", "--runtime", "node"],
    "--runtime must be one of deno, bun, node26, node24, node22, got 'node'",
  ],
  "an unknown pair": [
    ["scripts/pingpong.ts", "deno+node"],
    "A pair is two of deno, bun, node26, like deno+bun, got 'deno+node'",
  ],
  "a file that the tier leaves out": [
    ["scripts/test.ts", "--tier", "quick", "test/process/limits.test.ts"],
    "'test/process/limits.test.ts' starts child processes, which the quick tier leaves out: use npm test",
  ],
  "the name of a run that CI leaves out": [
    ["scripts/platforms.ts", "--short", "arm64-16k"],
    "CI runs nothing that is named arm64-16k",
  ],
  "a name that no run has": [
    ["scripts/platforms.ts", "--short", "arm64", "beos"],
    "No run has 'beos' in its name: --list prints all",
  ],
};

Deno.test("each script prints its usage when it is asked for help", () =>
  sideBySide(scripts(), async (script) => {
    for (const flag of ["--help", "-h"]) {
      const { code, stdout, stderr } = await run([script, flag]);
      assertEquals({ script, code, stderr }, { script, code: 0, stderr: "" });
      assertMatch(stdout, /^Usage: (?:.+\n)+\n[^]+^ {2}-h, --help +print this$/m, script);
    }
  }));

Deno.test("each script does nothing when it does not know an option", () =>
  sideBySide(scripts(), async (script) => {
    assertEquals([script, await run([script, "--wrong"])], [script, {
      code: 2,
      stdout: "",
      stderr: "Unknown option '--wrong'. Try --help\n",
    }]);
  }));

for (const [what, [args, complaint]] of Object.entries(WRONG)) {
  Deno.test(`a script does nothing when it is given ${what}`, async () => {
    const stderr = `${complaint}. Try --help\n`;
    assertEquals(await run(args), { code: 2, stdout: "", stderr });
  });
}

/** The scripts, by their paths from the folder of the project. */
function scripts(): string[] {
  const names = Array.from(Deno.readDirSync(join(ROOT, "scripts")), ({ name }) => name);
  return [
    ...names.filter((name) => /\.m?[jt]s$/.test(name)).map((name) => `scripts/${name}`),
    "bench/main.ts",
  ];
}

/** Runs a script, which ends at once or is ended. */
async function run([script, ...args]: readonly string[]) {
  const command = script!.endsWith(".ts") ? [Deno.execPath(), "run", "--no-check", "-A"] : ["node"];
  const options = { cwd: ROOT, env: { NO_COLOR: "1" }, limit: 20 };
  const { code, stdout, stderr } = await output([...command, script!, ...args], options);
  return { code, stdout, stderr };
}
