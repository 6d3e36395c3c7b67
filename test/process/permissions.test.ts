import { assert, assertEquals } from "@std/assert";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runtimeFiles } from "../../ffi/host.ts";
import {
  childArguments,
  childValue,
  EXECUTABLE,
  NODE_PERMISSION,
  start,
  unlessNodePermission,
} from "../support/child_processes.ts";
import { platform, runtime, test, unlessLinux, use } from "../support/harness.ts";
import { rounds } from "../support/rounds.ts";
import { FOLDER, SharedName, unlessFolder } from "../support/shared_names.ts";
import { CALLS, TempFolder } from "../support/temp_files.ts";

/** The first byte, or the error, in each way to map a file, and in the runtime's own way. */
type Outcomes = readonly (readonly [ours: string, theirs: string])[];

const withoutLinks = platform === "win32" ? "links need a privilege of their own" : undefined;
const hasDescriptors = runtimeFiles().describe !== undefined;
const unlessDeno = runtime === "deno" ? undefined : "that is Deno's";

/**
 * Makes a folder that is to be permitted, whose files start with I, and one that is not,
 * whose files start with O. By `inside/link/../file` the system finds one of the other.
 */
function makeFolders(): { readonly inside: string; readonly outside: string } {
  const { path } = use(new TempFolder());
  const [inside, outside] = [join(path, "inside"), join(path, "outside")];
  mkdirSync(join(inside, "sub"), { recursive: true });
  mkdirSync(join(outside, "deep"), { recursive: true });
  writeFileSync(join(inside, "file"), "Inside");
  for (const folder of [outside, join(outside, "deep")]) {
    writeFileSync(join(folder, "file"), "Outside");
  }
  symlinkSync(join(outside, "deep"), join(inside, "link"));
  symlinkSync(join(outside, "file"), join(inside, "file-link"));
  symlinkSync("file", join(inside, "inner-link"));
  symlinkSync(inside, join(outside, "back"));
  return { inside, outside };
}

/** Maps by each path with such permissions, in the folder that is permitted, or may be. */
async function outcomesOf(
  paths: readonly string[],
  folder: string,
  permissions?: readonly string[],
): Promise<Record<string, Outcomes>> {
  const args = [folder, ...paths];
  const values = await childValue<Outcomes[]>("permitted_paths.ts", {
    args,
    ...(permissions && { permissions }),
  });
  return Object.fromEntries(paths.map((path, index) => [path, values[index]!]));
}

/** Paths of no file are not opened, permitted or not. */
const NO_FILE = ["EISDIR", "ENODEV"];

/** Sees to it that all that was mapped is what the runtime opens, and nothing else. */
function assertSame(outcomes: Record<string, Outcomes>): void {
  for (const [path, values] of Object.entries(outcomes)) {
    assertEquals(values.length, CALLS.length);
    for (const [ours, theirs] of values) {
      const isRefused = theirs.length > 1 && NO_FILE.includes(ours);
      if (!isRefused) assertEquals([path, ours], [path, theirs]);
    }
  }
}

/** Paths in which the text and the links tell different things, or the same. */
function pathsOf(inside: string, outside: string): string[] {
  return [
    join(inside, "file"),
    `${inside}/link/../file`,
    "link/../file",
    `${inside}/link/file`,
    `${inside}/file-link`,
    "inner-link",
    "sub/../file",
    "./file",
    `${inside}//file`,
    `//${inside}///sub/.././file`,
    `${inside}/../inside/file`,
    `../inside/file`,
    "file/",
    "file/.",
    "missing/../file",
    "file/../file",
    `${outside}/file`,
    "../outside/file",
    `${outside}/back/file`,
    "link/../back/file",
    `${outside}/../inside/file`,
    "missing",
    "sub",
    "",
  ];
}

test("calls that map files map what the runtime opens by the same path", async () => {
  const { inside, outside } = makeFolders();
  const outcomes = await outcomesOf(pathsOf(inside, outside), inside);
  assertSame(outcomes);
  // Deno 2.1 takes `..` out of a path, here, too.
  if (runtime !== "deno") {
    assertEquals(outcomes["link/../file"], Array(CALLS.length).fill(["O", "O"]));
  }
}, { skip: withoutLinks });

for (
  const [what, flags] of [
    ["a folder", (folder: string) => [`--allow-read=${folder}`, `--allow-write=${folder}`]],
    ["a folder for reading", (folder: string) => [`--allow-read=${folder}`]],
    ["all files", () => ["--allow-read", "--allow-write"]],
  ] as const
) {
  test(`calls that map files map what Deno opens where ${what} is permitted`, async () => {
    const { inside, outside } = makeFolders();
    const permissions = ["--no-prompt", "--allow-ffi", ...flags(inside)];
    const outcomes = await outcomesOf(pathsOf(inside, outside), inside, permissions);
    // Deno opens these; before 2.7.13 it does not always tell which files they are.
    const links = [`${inside}/link/file`, `${inside}/file-link`];
    for (const path of links) {
      const [ours, theirs] = outcomes[path]![0]!;
      assertEquals(theirs, "O");
      if (ours === "NotCapable" && !hasDescriptors) delete outcomes[path];
    }
    assertSame(outcomes);
    for (const path of ["link/../file", `${inside}/link/../file`]) {
      assertEquals(outcomes[path]![0], ["I", "I"]);
    }
  }, { skip: unlessDeno ?? withoutLinks });
}

test("calls that map files refuse the files of the system that Deno refuses", async () => {
  const { inside } = makeFolders();
  symlinkSync("/proc/self/environ", join(inside, "environ"));
  symlinkSync(FOLDER, join(inside, "memory"));
  const memory = use(new SharedName());
  writeFileSync(join(FOLDER, memory.name), "Outside");
  const paths = [
    "/proc/self/environ",
    "/dev/fd/0",
    "/proc/self/fd/0",
    "environ",
    `memory/${memory.name}`,
    join(FOLDER, memory.name),
    `/proc/self/root${inside}/file`,
    "/proc/self/cwd/file",
    "/proc/thread-self/cwd/file",
  ];
  for (const read of [`--allow-read=${inside}`, "--allow-read"]) {
    const permissions = ["--no-prompt", "--allow-ffi", read, read.replace("read", "write")];
    const outcomes = await outcomesOf(paths, inside, permissions);
    assertSame(outcomes);
    const refused = Array(CALLS.length).fill(["NotCapable", "NotCapable"]);
    assertEquals(outcomes[`memory/${memory.name}`], refused);
    assertEquals(outcomes["/proc/self/environ"], refused);
  }
  const permitted = await outcomesOf(paths.slice(4), inside, ["-A"]);
  assertSame(permitted);
  assertEquals(Object.values(permitted).map(([map]) => map![0]), ["O", "O", "I", "I", "I"]);
}, { skip: unlessDeno ?? unlessLinux("the files are Linux's") ?? unlessFolder });

test(
  "calls that map files map what Node.js opens, and throw its errors, where little is permitted",
  async () => {
    const { inside, outside } = makeFolders();
    const paths = pathsOf(inside, outside);
    const read = [...NODE_PERMISSION, `--allow-fs-read=${inside}/*`];
    const some = await outcomesOf(paths, inside, [...read, `--allow-fs-write=${inside}/*`]);
    assertSame(some);
    assertEquals(some["./file"], Array(CALLS.length).fill(["I", "I"]));
    const reading = await outcomesOf(paths, inside, read);
    assertSame(reading);
    const refused = ["ERR_ACCESS_DENIED", "ERR_ACCESS_DENIED"] as const;
    assertEquals(
      reading["./file"],
      CALLS.map((call) => call === "mapMut" ? refused : ["I", "I"]),
    );
    assertEquals(reading[`${outside}/file`], Array(CALLS.length).fill(refused));
  },
  { skip: unlessNodePermission ?? withoutLinks },
);

/** Starts to rename, and waits until there is something by the name. */
async function renaming(kind: string, place: string, ...sources: string[]): Promise<void> {
  const child = start(
    EXECUTABLE,
    childArguments("renamer.ts", { args: [kind, place, ...sources] }),
  );
  const ended = new Promise((resolve) => child.on("exit", resolve));
  await Promise.race([new Promise((resolve) => child.stdout!.once("data", resolve)), ended]);
  assert(child.exitCode === null);
  use({
    [Symbol.dispose]() {
      child.kill("SIGKILL");
    },
  });
}

/** Maps what is renamed all the time; returns how often what came of it. */
function renamed(path: string, permissions?: readonly string[]): Promise<Record<string, number>> {
  const args = [path, String(rounds("renamedFiles"))];
  return childValue("renamed_files.ts", { args, ...(permissions && { permissions }) });
}

test(
  "map() never maps what Deno refuses, by a link that leads elsewhere in the next moment",
  async () => {
    const { inside } = makeFolders();
    const memory = mkdtempSync(join(FOLDER, "sysalloc-"));
    use({ [Symbol.dispose]: () => rmSync(memory, { recursive: true }) });
    writeFileSync(join(memory, "file"), "Outside");
    const place = join(inside, "renamed");
    await renaming("link", place, inside, memory);
    const both = [`--allow-read=${inside}`, `--allow-write=${inside}`];
    const counts = await renamed(join(place, "file"), ["--no-prompt", "--allow-ffi", ...both]);
    assert(counts["I"]! > 0 && counts["NotCapable"]! > 0, JSON.stringify(counts));
    const { I: _, NotCapable: __, EAGAIN: ___, ...others } = counts;
    assertEquals(others, {});
  },
  { skip: unlessDeno ?? unlessFolder },
);

test(
  "map() and mapMut() of a file that is replaced all the time map one or the other",
  async () => {
    const { inside, outside } = makeFolders();
    const place = join(inside, "renamed");
    await renaming("file", place, join(inside, "file"), join(outside, "file"));
    const { I = 0, O = 0, ...others } = await renamed(place);
    assertEquals(others, {});
    assertEquals(I + O, rounds("renamedFiles"));
    assert(I > 0 && O > 0);
  },
  { skip: withoutLinks },
);
