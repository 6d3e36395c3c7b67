/**
 * What every script does with arguments: it explains itself, and refuses what it
 * does not know before it does anything.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { sideBySide } from "../side_by_side.ts";

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
  "an unknown runtime of the surroundings": [
    ["scripts/surroundings.ts", "--short", "node"],
    "Unknown: node; there are deno, bun, node26, node24, node22",
  ],
  "no surrounding": [
    ["scripts/surroundings.ts", "--only", "the sea"],
    "--only must be in the name of a surrounding, got 'the sea'",
  ],
  "an unknown embedding": [
    ["scripts/embeddings/main.ts", "jest", "browserify"],
    "Unknown: browserify",
  ],
  "an unknown platform": [
    ["scripts/platforms/main.ts", "--short", "beos"],
    "Unknown: beos; there are arm64-16k, arm64, windows, musl",
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

/** The programs that a person runs, by their paths from the folder of the project. */
function scripts(): string[] {
  const candidates = [...filesBelow("scripts"), "bench/main.ts"];
  return candidates.filter((file) => {
    const text = Deno.readTextFileSync(join(ROOT, file));
    return !/^export /m.test(text);
  });
}

/** The sources in a folder and in the folders there, without tests and what other scripts run. */
function filesBelow(folder: string): string[] {
  return Array.from(Deno.readDirSync(join(ROOT, folder))).flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return ["tests", "smoke"].includes(name) ? [] : filesBelow(path);
    return /\.m?[jt]s$/.test(name) ? [path] : [];
  });
}

/** Runs a script, which ends at once or is ended. */
async function run(
  [script, ...args]: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const [program, ...flags] = script!.endsWith(".ts")
    ? [Deno.execPath(), "run", "--no-check", "-A"]
    : ["node"];
  const { code, stdout, stderr } = await new Deno.Command(program!, {
    args: [...flags, script!, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(20_000),
  }).output();
  const [printed, complained] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: printed!, stderr: complained! };
}
