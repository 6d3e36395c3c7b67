import { assertEquals } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { sourceUrl, test } from "../support/harness.ts";

const ROOT = fileURLToPath(sourceUrl("../../"));

/** The rooms of each floor, from the ground. A room is a folder without its subfolders, or a file. */
const FLOORS: readonly (readonly string[])[] = [
  ["ffi"],
  ["ffi/os/contract"],
  ["ffi/os/posix", "ffi/os/windows", "ffi/runtime"],
  ["ffi/os/linux", "ffi/os/darwin"],
  ["ffi/host.ts"],
  ["core/checks"],
  ["core/lifetime"],
  ["core/pages"],
  ["core/placing", "core/sharing", "core/waiting"],
  ["core/mmap.ts"],
  ["core/sources", "core/regions.ts", "core/system.ts"],
  ["core/options.ts"],
  ["mod.ts"],
  ["cli"],
  ["cli.ts"],
];

/** Rooms that see nothing of each other, on whatever floors they are. */
const APART: readonly (readonly [RegExp, RegExp])[] = [
  [/^ffi\/os\//, /^ffi\/runtime$/],
  [/^ffi\/runtime$/, /^ffi\/os\//],
  [/^(core|mod\.ts)/, /^ffi\/os\/(?!contract)/],
];

function filesIn(path: string): string[] {
  if (/\.[jt]s$/.test(path)) return [path];
  return readdirSync(join(ROOT, path), { withFileTypes: true }).flatMap((entry) => {
    const inner = `${path}/${entry.name}`;
    return entry.isDirectory() || entry.name.endsWith(".ts") ? filesIn(inner) : [];
  });
}

const files = ["mod.ts", "cli.ts", "cli", "core", "ffi"].flatMap(filesIn);

/** The files that each file imports. */
const imports = new Map(files.map((file) => {
  const source = readFileSync(join(ROOT, file), "utf8");
  const found = source.matchAll(/^(?:import|export)[^;]*? from "(\.[^"]*)";/gm);
  return [file, [...found].map((match) => join(dirname(file), match[1]!))] as const;
}));

function roomOf(file: string): string {
  return FLOORS.some((rooms) => rooms.includes(file)) ? file : dirname(file);
}

function floorOf(file: string): number {
  const floor = FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)));
  if (floor < 0) throw new Error(`${file} is in no room`);
  return floor;
}

/** All imports for which something holds, to be read. */
function importsWhere(isSuch: (from: string, to: string) => boolean): string[] {
  return [...imports].flatMap(([from, targets]) =>
    targets.filter((to) => isSuch(from, to)).map((to) => `${from} imports ${to}`)
  );
}

test("each source is in a room, and imports its own room and lower floors alone", () => {
  assertEquals(imports.size > 100 && importsWhere(() => true).length > 400, true);
  const isUp = (from: string, to: string) =>
    roomOf(from) !== roomOf(to) && floorOf(to) >= floorOf(from);
  assertEquals(importsWhere(isUp), []);
});

test("systems and runtimes see nothing of each other, and core sees the contract alone", () => {
  const areApart = (from: string, to: string) =>
    APART.some(([one, other]) => one.test(roomOf(from)) && other.test(roomOf(to)));
  assertEquals(importsWhere(areApart), []);
});

test("no source imports itself by way of others", () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    else if (!done.has(file)) {
      for (const next of imports.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    }
  };
  for (const file of files) visit(file, []);
  assertEquals(circles, []);
});
