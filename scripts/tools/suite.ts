/**
 * Runs the suite in each runtime, and reads its report: shared by the
 * local run and by the matrices.
 *
 * @module
 */
import { join } from "node:path";
import config from "../../package.json" with { type: "json" };

/** A runner of the suite. */
export type Runner = "deno" | "bun" | "node";

/** A runtime that is installed here. */
export interface LocalRuntime {
  readonly runner: Runner;
  readonly program: string;
  /** Its name in the tables, without the exact version. */
  readonly label: string;
  readonly version: string;
}

/** The runtimes that are installed here, by their names in `package.json`. */
export const RUNTIMES: Readonly<Record<string, LocalRuntime>> = {
  deno: { runner: "deno", program: Deno.execPath(), label: "Deno", version: pinned("deno") },
  bun: {
    runner: "bun",
    program: "node_modules/bun/bin/bun.exe", // its name on every system
    label: "Bun",
    version: pinned("bun"),
  },
  node26: node("node26", "node:ffi"),
  node24: node("node24", "koffi"),
  node22: node("node22", "koffi"),
};

/** The version of a development dependency. */
export function pinned(name: string): string {
  const version = (config.devDependencies as Record<string, string>)[name];
  if (version === undefined) throw new Error(`package.json lacks ${name}`);
  return version.replace(/^npm:.*@/, "");
}

/** The name of a version of Node.js in the tables, with the FFI that the library uses in it. */
export function nodeLabel(version: string, ffi: string): string {
  return `Node.js ${version.split(".")[0]} (${ffi})`;
}

function node(name: string, ffi: string): LocalRuntime {
  const version = pinned(name);
  const program = `node_modules/${name}/bin/node`;
  return { runner: "node", program, label: nodeLabel(version, ffi), version };
}

/** The test files that start no child process, by their paths from the folder of the project. */
export function quickFiles(): string[] {
  return [...filesIn("test/unit"), ...filesIn("test/system")];
}

/** Test files that need nothing of the system and the version that they run on: they simulate all systems. */
const SIMULATING =
  /every_call_fails|(mirror|native|waiting)_calls|(darwin|linux|posix|windows)_\w+\.test/;

/** Of the test files that start no child process those that the short forms of the matrices run. */
export function realSystemFiles(): string[] {
  return quickFiles().filter((file) => !SIMULATING.test(file));
}

/** The test files that start child processes. */
export function processFiles(): string[] {
  return filesIn("test/process");
}

/** All test files. */
export function testFiles(): string[] {
  return [...quickFiles(), ...processFiles()];
}

function filesIn(folder: string): string[] {
  return Array.from(
    Deno.readDirSync(join(import.meta.dirname!, "../..", folder)),
    ({ name }) => name,
  )
    .filter((name) => name.endsWith(".test.ts"))
    .sort()
    .map((name) => `./${folder}/${name}`); // Bun takes a bare name for a filter
}

/** The counts of a run of the suite. */
export interface Tally {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

/** Runs the files that it is given in one process, and in one isolate of Deno. */
const IN_ONE = "./test/support/in_one.mjs";

/** The arguments that make `runner` run `files` and write a JUnit report to `report`. */
export function suiteArguments(
  runner: Runner,
  files: readonly string[],
  report: string,
): string[] {
  switch (runner) {
    case "deno":
      return ["test", "--no-check", "-A", `--junit-path=${report}`, IN_ONE, "--", ...files];
    case "bun":
      return ["test", "--reporter=junit", `--reporter-outfile=${report}`, ...files];
    case "node":
      return [
        "--no-warnings",
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        "--test-reporter=junit",
        `--test-reporter-destination=${report}`,
        IN_ONE,
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
