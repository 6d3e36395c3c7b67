/**
 * How each runtime runs the suite, and how its report is read: shared by the
 * local run and by the platform matrix.
 *
 * @module
 */

/** A runner of the suite. */
export type Runner = "deno" | "bun" | "node";

/** The runtimes that are installed here: which runner each is, and where its program is. */
export const RUNTIMES: Readonly<Record<string, { runner: Runner; program: string }>> = {
  deno: { runner: "deno", program: Deno.execPath() },
  bun: { runner: "bun", program: "node_modules/bun/bin/bun.exe" }, // its name on every system
  node26: { runner: "node", program: "node_modules/node26/bin/node" },
  node24: { runner: "node", program: "node_modules/node24/bin/node" },
  node22: { runner: "node", program: "node_modules/node22/bin/node" },
};

/** What a run of the suite came to. */
export interface Tally {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

/** The arguments that make `runner` run `files` and write a JUnit report to `report`. */
export function suiteArguments(
  runner: Runner,
  files: readonly string[],
  report: string,
): string[] {
  switch (runner) {
    case "deno":
      return ["test", "--no-check", "-A", `--junit-path=${report}`, ...files];
    case "bun":
      return [
        "test",
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        ...files,
      ];
    case "node":
      return [
        "--no-warnings",
        "--test",
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        "--test-reporter=junit",
        `--test-reporter-destination=${report}`,
        ...files,
      ];
  }
}

/** Counts the test cases of a JUnit report, as any of the three runners writes it. */
export function readReport(xml: string): Tally {
  const failed: string[] = [];
  const skipped: string[] = [];
  let passed = 0;
  // Node leaves a ">" in an attribute as it is.
  const testcase = /<testcase\s((?:"[^"]*"|[^">])*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;
  for (const [, attributes = "", body = ""] of xml.matchAll(testcase)) {
    const name = unescape(/name="([^"]*)"/.exec(attributes)?.[1] ?? "?");
    if (/<(failure|error)\b/.test(body)) failed.push(name);
    else if (/<skipped\b/.test(body)) skipped.push(name);
    else passed++;
  }
  return { passed, failed, skipped };
}

function unescape(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp|#39);/g, (entity) => ({
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&apos;": "'",
    "&#39;": "'",
  }[entity] ?? "&"));
}
