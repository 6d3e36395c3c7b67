/**
 * Whole programs: their start, their memory, their pauses,
 * and how much the package adds to them.
 *
 * @module
 */
import { IMPORTING, NPM_PEERS, PACKAGE, ROOT } from "../driver/places.ts";
import {
  type Benchmark,
  type Contender,
  GIB,
  type HostName,
  KIB,
  type Measure,
  PAUSE,
  TIME,
} from "./benchmark.ts";
import { program, RUNTIMES } from "./contenders.ts";

const CPU: Measure = { key: "cpu", title: "CPU time", unit: "ns", per: "round" };
const RSS: Measure = { key: "rss", title: "memory at the peak", unit: "bytes", per: "round" };
const SIZE: Measure = { key: "size", title: "size on the disk", unit: "bytes", per: "round" };

const EMPTY = "an empty program";

const starting = (
  name: string,
  role: Contender["role"],
  script: string,
  hosts: readonly HostName[] = RUNTIMES,
) => program(name, role, hosts, "nothing", () => [`${IMPORTING}/${script}`]);

const holding = (name: string, role: Contender["role"], way = name) =>
  program(
    name,
    role,
    ["Bun"],
    "answer",
    ({ path, operations }) => ["work/programs/holding.ts", way, path, `${operations}`],
  );

const dropping = (
  name: string,
  role: Contender["role"],
  way: string,
  hosts: readonly HostName[] = RUNTIMES,
) =>
  program(name, role, hosts, "answer", ({ size, operations }, host) => [
    ...(host === "npm" ? [] : ["work/programs/dropping.ts", way]),
    `${operations}`,
    `${size}`,
  ]);

const sized = (name: string, role: Contender["role"], folder: string): Contender => ({
  name,
  host: "npm",
  role,
  how: { by: "known", look: () => folderSize(folder) },
});

/** The bytes of all files in a folder and below. */
async function folderSize(folder: string): Promise<number> {
  let size = 0;
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) size += await folderSize(path);
    else if (isFile) size += (await Deno.stat(path)).size;
  }
  return size;
}

/** Whole programs. */
export const programs: readonly Benchmark[] = [
  {
    name: "import",
    title: "Importing",
    counted: "a program from its start to its end",
    sizes: [0],
    quick: 0,
    operations: () => 1,
    contenders: [
      ...starting("sysalloc, the sources", "sysalloc", "import_sources.mjs", ["Deno"]),
      ...starting("sysalloc, the npm package", "sysalloc", "import_package.mjs"),
      ...starting("koffi", "javascript", "import_koffi.mjs", ["Node.js 26"]),
      ...starting(EMPTY, "nothing", "empty.mjs"),
    ],
    measures: [CPU],
    seconds: 14,
    usesPackage: true,
  },
  {
    name: "first-use",
    title: "From the start of a program to its first byte",
    counted: "a program that maps 64 KiB and stores a byte, or maps a file and loads one",
    sizes: [0],
    quick: 0,
    operations: () => 1,
    contenders: [
      ...starting("sources, memory", "sysalloc", "store_sources.mjs", ["Deno"]),
      ...starting("npm package, memory", "sysalloc", "store_package.mjs"),
      ...starting("sources, a file", "sysalloc", "read_sources.mjs", ["Deno"]),
      ...starting("npm package, a file", "sysalloc", "read_package.mjs"),
      ...starting("Bun.mmap()", "javascript", "read_bun.mjs", ["Bun"]),
      ...starting("node:fs readSync()", "javascript", "read_fs.mjs"),
      ...starting(EMPTY, "nothing", "empty.mjs"),
    ],
    measures: [CPU],
    behind: "a call of the runtime has been compiled with it, and a library must be read first",
    seconds: 30,
    usesPackage: true,
  },
  {
    name: "package-size",
    title: "The published package",
    counted: "what it takes on the disk, installed",
    sizes: [0],
    quick: 0,
    operations: () => 1,
    contenders: [
      sized("sysalloc", "sysalloc", PACKAGE),
      sized("koffi", "native", `${ROOT}/node_modules/koffi`),
      sized("@riaskov/mmap-io, with what it depends on", "javascript", `${NPM_PEERS}/node_modules`),
    ],
    measures: [SIZE],
    seconds: 1,
    usesPackage: true,
  },
  {
    name: "bun-heap",
    title: "Allocating in Bun while a large file is mapped",
    counted:
      "5,000 objects that were made and dropped, and a window of the file that was looked at",
    sizes: [GIB, 4 * GIB],
    quick: GIB,
    operations: () => 4000,
    file: "sparse",
    contenders: [
      ...holding("sysalloc", "sysalloc"),
      ...holding("Bun.mmap()", "javascript", "Bun.mmap"),
      ...holding("nothing mapped", "nothing", "nothing"),
    ],
    measures: [TIME, RSS],
    seconds: 18,
  },
  {
    name: "garbage",
    title: "10,000 dropped mappings",
    counted: "64 KiB that were made, stored to in every page, and dropped without `unmap()`",
    sizes: [64 * KIB],
    quick: 64 * KIB,
    operations: () => 10_000,
    contenders: [
      ...dropping("sysalloc", "sysalloc", "sysalloc"),
      ...dropping("new Uint8Array()", "javascript", "array"),
      ...dropping("@riaskov/mmap-io", "javascript", "", ["npm"]),
    ],
    measures: [TIME, PAUSE, RSS],
    seconds: 17,
  },
];
