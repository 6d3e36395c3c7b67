import { assertEquals } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { sourceUrl, test } from "../support/harness.ts";

const ROOT = fileURLToPath(sourceUrl("../../"));

/** The layers, from the lowest. A part is a folder without its subfolders, or a file. */
const LAYERS: readonly (readonly string[])[] = [
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

/** Parts that import nothing of each other, whatever their layers. */
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

function partOf(file: string): string {
  return LAYERS.some((parts) => parts.includes(file)) ? file : dirname(file);
}

function layerOf(file: string): number {
  const layer = LAYERS.findIndex((parts) => parts.includes(partOf(file)));
  if (layer < 0) throw new Error(`${file} is in no layer`);
  return layer;
}

/** All imports for which something holds, to be read. */
function importsWhere(isSuch: (from: string, to: string) => boolean): string[] {
  return [...imports].flatMap(([from, targets]) =>
    targets.filter((to) => isSuch(from, to)).map((to) => `${from} imports ${to}`)
  );
}

test("each source is in a layer, and imports only its own part and lower layers", () => {
  assertEquals(imports.size > 100 && importsWhere(() => true).length > 400, true);
  const isUp = (from: string, to: string) =>
    partOf(from) !== partOf(to) && layerOf(to) >= layerOf(from);
  assertEquals(importsWhere(isUp), []);
});

test("systems and runtimes see nothing of each other, and core sees the contract alone", () => {
  const areApart = (from: string, to: string) =>
    APART.some(([one, other]) => one.test(partOf(from)) && other.test(partOf(to)));
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
