import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { host } from "../../ffi/host.ts";
import { run } from "../../cli/main.ts";
import { columns, count } from "../../cli/text.ts";
import { UsageError } from "../../cli/usage.ts";
import { allocationGranularity, maxViewByteLength, MmapOptions, pageSize } from "../../mod.ts";
import { freeAddress } from "../support/free_address.ts";
import {
  childArguments,
  type ChildResult,
  EXECUTABLE,
  run as runProgram,
  runChild,
} from "../support/child_processes.ts";
import { platform, runtime, test, unlessLinux, use } from "../support/harness.ts";
import { createShared, FOLDER, freshName, unlessFolder } from "../support/shared_names.ts";
import { pattern, TempFolder } from "../support/temp_files.ts";

const PAGE = pageSize();
void host().os.regions; // before the tests: Deno counts a library that a test opens as a leak
const PROGRAM = "../../cli.ts";
const PID = String(process.pid);
const isLinux = platform === "linux";

/** Runs the command. */
function sysalloc(args: readonly string[], permissions?: readonly string[]): Promise<ChildResult> {
  return runChild(PROGRAM, { args, ...(permissions && { permissions }) });
}

/** The output of the command when it succeeds. */
async function printed(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await sysalloc(args);
  assertEquals(code, 0, stderr);
  return stdout;
}

/** Output that is longer than a line of 80 columns, or is no text. */
function badLines(text: string): string[] {
  return text.split("\n").filter((line) => columns(line) > 80 || /\p{Cc}/u.test(line));
}

interface Fact {
  readonly name: string;
  readonly title: string;
  readonly value: unknown;
  readonly text: string;
  readonly meaning: string;
  readonly raise?: string;
  readonly change?: string;
}

interface Listed {
  readonly address: string;
  readonly byteLength: number;
  readonly access: string;
  readonly isShared: boolean;
  readonly path?: string;
  readonly residentByteLength?: number;
}

test("sysalloc info tells each fact with what it means, within 80 columns", async () => {
  const text = await printed("info");
  const facts = JSON.parse(run(["info", "--json"])) as Fact[];
  assertEquals(badLines(text), []);
  const flat = text.replace(/\s+/g, " ");
  for (const { title, meaning, raise, change } of facts) {
    for (const part of [title, meaning, raise ?? "", change ?? ""]) {
      assertStringIncludes(flat, part);
    }
  }
  assert(text.endsWith("\n") && !text.includes("\x1b"));
});

test("sysalloc info --json has the sizes that the library has", async () => {
  const facts = JSON.parse(await printed("info", "--json")) as Fact[];
  const values = Object.fromEntries(facts.map(({ name, value }) => [name, value]));
  assertEquals(
    [values["pageSize"], values["allocationGranularity"], values["maxViewByteLength"]],
    [PAGE, allocationGranularity(), maxViewByteLength()],
  );
  assert(Number(values["mappings"]) > 10);
  assert((values["memory"] as { readonly total: number }).total > 2 ** 20);
});

test("sysalloc info tells the limits of Linux, and how each is raised", () => {
  const facts = JSON.parse(run(["info", "--json"])) as Fact[];
  const names = facts.map(({ name }) => name);
  for (const name of ["maxMapCount", "overcommit", "commitLimit", "lockedMemory", "fileSize"]) {
    assert(names.includes(name), name);
  }
  const maxMapCount = facts.find(({ name }) => name === "maxMapCount")!;
  const file = "/proc/sys/vm/max_map_count";
  assertEquals(maxMapCount.value, Number(readFileSync(file, "utf8")));
  const withoutLimits = ["pageSize", "allocationGranularity", "mappings", "memory"];
  if (maxMapCount.value === 2 ** 31 - 1) withoutLimits.push("maxMapCount");
  for (const { name, raise, change, meaning } of facts) {
    assert(meaning.length > 20, name);
    assertEquals(raise === undefined && change === undefined, withoutLimits.includes(name), name);
  }
}, { skip: unlessLinux("these limits are Linux's") });

test("sysalloc regions lists the mappings of the command within 80 columns", async () => {
  for (const options of [[], ["--resident"]]) {
    const text = await printed("regions", ...options);
    assertEquals(badLines(text), []);
    const lines = text.trimEnd().split("\n");
    assertEquals(/ RESIDENT /.test(lines[0]!), options.length > 0);
    assert(lines.length > 12, text);
    assertEquals(lines.slice(1, -1).filter((line) => !/^ *0x[0-9a-f]+ +\d/.test(line)), []);
    assertStringIncludes(lines.at(-1)!, `${count(lines.length - 2)} mappings, `);
  }
});

test("sysalloc regions --json can be parsed", async () => {
  const all = JSON.parse(await printed("regions", "--json")) as Listed[];
  assert(all.length > 10);
  assert(all.every(({ address, byteLength }) => /^0x[0-9a-f]+$/.test(address) && byteLength > 0));
  assert(all.every(({ residentByteLength }) => residentByteLength === undefined));
  const resident = JSON.parse(run(["regions", "--json", "--resident"])) as Listed[];
  assert(resident.every(({ residentByteLength }) => typeof residentByteLength === "number"));
});

test("sysalloc regions PID lists another process, files with odd names too", async () => {
  const folder = use(new TempFolder());
  const name = `\x1b[31m日本語\n${"long ".repeat(20)}end`;
  const path = folder.file(name, pattern(PAGE));
  const mmap = use(new MmapOptions().mapMut(path));
  const address = `0x${mmap.address.toString(16)}`;
  const red = use(new MmapOptions().map(folder.file("\x1b[31m\nred", pattern(PAGE))));
  const redAddress = `0x${red.address.toString(16)}`;
  const text = run(["regions", PID]);
  assertEquals(badLines(text), []);
  const line = text.split("\n").find((line) => line.includes(address));
  assert(line?.includes("rw-s") && line.endsWith("long long end"), line);
  const redLine = text.split("\n").find((line) => line.includes(redAddress));
  assert(redLine?.includes("rw-p") && redLine.endsWith("/\\u{1b}[31m\\u{a}red"), redLine);
  const all = JSON.parse(await printed("regions", PID, "--json")) as Listed[];
  const found = all.find((region) => region.address === address)!;
  assertEquals([found.path, found.access, found.isShared, found.byteLength], [
    path,
    "read-write",
    true,
    PAGE,
  ]);
}, { skip: unlessLinux("Linux alone tells of others") });

test("sysalloc regions PID says that only Linux tells of others", async () => {
  const { code, stdout, stderr } = await sysalloc(["regions", PID]);
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(stderr, "only on Linux");
}, { skip: isLinux ? "this is Linux" : undefined });

test("sysalloc regions PID exits with 1 when there is no such process", async () => {
  const { code, stdout, stderr } = await sysalloc(["regions", String(2 ** 31 - 1)]);
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, `sysalloc: The mappings of process ${2 ** 31 - 1} cannot be read`);
  assertStringIncludes(stderr, "there is no process");
}, { skip: unlessLinux("Linux alone tells of others") });

interface ListedName {
  readonly name: string;
  readonly kind: string;
  readonly mappedBy: readonly number[];
}

/** What the command tells of a name. */
function told(name: string): ListedName | undefined {
  const names = JSON.parse(run(["shared", "--json"])) as ListedName[];
  return names.find((one) => one.name === name);
}

test("sysalloc shared lists names with their length, owner and processes", async () => {
  const name = freshName();
  const mmap = createShared(name, PAGE + 100);
  const expected = { name, byteLength: PAGE + 100, kind: "memory", owner: process.geteuid!() };
  assertEquals(told(name), { ...expected, mode: "0600", mappedBy: [process.pid] } as ListedName);
  const text = await printed("shared");
  assertEquals(badLines(text), []);
  const line = text.split("\n").find((line) => line.endsWith(` ${name}`));
  assertStringIncludes(line ?? "", `  0600  ${process.pid}  `);
  assert(/^[\d,]+ names?, [\d.]+ \w+/.test(text.trimEnd().split("\n").at(-1)!), text);
  mmap.unmap();
  assertEquals(told(name)?.mappedBy, []);
}, { skip: unlessFolder });

test("sysalloc shared marks what mapShared() refuses, and escapes odd names", () => {
  const names = ["sem.", ".sysalloc-", "\x1b[31m\n"].map((start) => start + freshName());
  const kinds = ["semaphore", "unfinished", "foreign"];
  try {
    for (const name of names) {
      writeFileSync(join(FOLDER, name), "");
      chmodSync(join(FOLDER, name), 0o666);
    }
    assertEquals(names.map((name) => told(name)?.kind), kinds);
    const text = run(["shared"]);
    assertEquals(badLines(text), []);
    assertStringIncludes(text, " \\u{1b}[31m\\u{a}sysalloc-");
    assertStringIncludes(text, `${names[0]} (semaphore)\n`);
  } finally {
    for (const name of names) rmSync(join(FOLDER, name), { force: true });
  }
}, { skip: unlessFolder });

test("sysalloc shared --remove removes exactly the names that it is given", async () => {
  const names = Array.from({ length: 3 }, freshName);
  const [first, second, kept] = names as [string, string, string];
  for (const name of names) createShared(name, PAGE);
  const missing = `${first}-missing`;
  const { code, stdout, stderr } = await sysalloc(["shared", "--remove", first, missing, second]);
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, `sysalloc: There is no shared memory "${missing}"`);
  assertEquals(names.map((name) => existsSync(join(FOLDER, name))), [false, false, true]);
  assertEquals(run(["shared", "--remove", kept]), "Removed 1 name\n");
  assert(!existsSync(join(FOLDER, kept)));
}, { skip: unlessFolder });

test("sysalloc shared says that Windows has no list", async () => {
  for (const args of [["shared"], ["shared", "--remove", "name"]]) {
    const { code, stdout, stderr } = await sysalloc(args);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, "Windows has no list");
  }
}, { skip: platform === "win32" ? undefined : "this is not Windows" });

test("sysalloc --help prints the usage", async () => {
  const texts = [await printed("--help"), run(["-h"]), run(["info", "-h"]), run(["-h", "--json"])];
  assertEquals(new Set(texts).size, 1);
  assertEquals(badLines(texts[0]!), []);
  for (const part of ["Usage: sysalloc", "info", "regions", "shared", "--remove", "--help"]) {
    assertStringIncludes(texts[0]!, part);
  }
});

/** Arguments that are not meant, and what is said of them. */
const WRONG: readonly (readonly [args: readonly string[], said: string])[] = [
  [[], "No command is given"],
  [["list"], 'There is no command "list"'],
  [["constructor"], 'There is no command "constructor"'],
  [["info", "1"], "takes nothing but --json"],
  [["info", "--resident"], "is for the command regions"],
  [["info", "--verbose"], "--verbose"],
  [["regions", "--json=yes"], "--json"],
  [["regions", "self"], 'got "self"'],
  [["regions", "1", "2"], "takes one process"],
  [["regions", "0"], "pid must be from 1"],
  [["regions", "99999999999999999999"], "pid must be from 1"],
  [["regions", "-1"], "-1"],
  [["regions", "--remove"], "is for the command shared"],
  [["shared", "--resident"], "is for the command regions"],
  [["shared", "name"], "takes names after --remove only"],
  [["shared", "--remove"], "takes the names to remove"],
  [["shared", "--remove", "--json", "name"], "prints no JSON"],
];

test("sysalloc says what is wrong with its arguments", () => {
  for (const [args, said] of WRONG) {
    const error = assertThrows(() => run(args), UsageError);
    assertStringIncludes(error.message, said);
  }
});

test("sysalloc exits with 2 when it is used wrongly, and prints nothing but why", async () => {
  for (const [args, said] of [WRONG[1]!, WRONG[5]!]) {
    const { code, stdout, stderr } = await sysalloc(args);
    assertEquals([code, stdout], [2, ""], stderr);
    assertStringIncludes(stderr, `sysalloc: `);
    assertStringIncludes(stderr, said);
    assertStringIncludes(stderr, 'Try "sysalloc --help"');
  }
});

test("sysalloc ends quietly when the other side of its pipe is closed", () => {
  const COUNT = 2000; // more than a pipe holds
  const len = COUNT * PAGE;
  const mmap = use(new MmapOptions({ len, hint: freeAddress(len) }).reserve());
  for (let page = 0; page < COUNT; page += 2) mmap.protect("read", page * PAGE, PAGE);
  const command = childArguments(PROGRAM, { args: ["regions", PID, "--json"] });
  const script = '{ "$@"; echo "exit $?" >&2; } | head -n 1';
  const args = ["-c", script, "sh", EXECUTABLE, ...command];
  const { stdout, stderr } = runProgram("sh", args);
  assertEquals(stdout, "[\n");
  assertEquals(stderr.trimEnd().split("\n").at(-1), "exit 0", stderr);
  assert(!stderr.includes("sysalloc") && !/pipe/i.test(stderr), stderr);
}, { skip: unlessLinux("elsewhere nothing is known to be longer than a pipe holds") });

test("sysalloc does what Deno permits, and says what not", async () => {
  const nothing = await sysalloc(["regions"], ["--no-prompt"]);
  assertEquals([nothing.code, nothing.stdout], [1, ""]);
  assertStringIncludes(nothing.stderr, "--allow-ffi");

  const own = await sysalloc(["regions"], ["--no-prompt", "--allow-ffi"]);
  assertEquals(own.code, 0, own.stderr);
  const other = await sysalloc(["regions", PID], ["--no-prompt", "--allow-ffi"]);
  assertEquals([other.code, other.stdout], [1, ""]);
  assertStringIncludes(other.stderr, "--allow-");

  const facts = await sysalloc(["info"], ["--no-prompt", "--allow-ffi"]);
  assertEquals(facts.code, 0, facts.stderr);
  assertEquals(badLines(facts.stdout), []);
  assertStringIncludes(facts.stdout, "Page size");
  assertStringIncludes(facts.stdout, "not permitted");
  assertStringIncludes(facts.stdout, "--allow-all");
}, {
  skip: runtime === "deno" && isLinux ? undefined : "permissions are Deno's, /proc is Linux's",
});
