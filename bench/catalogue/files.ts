/**
 * Files: opened, read at random, scanned, and stored to.
 *
 * @module
 */
import { type Benchmark, type Contender, GIB, MIB, PAUSE, SIZES, TIME } from "./benchmark.ts";
import { c, floor, nothing, npm, own, program, RUNTIMES, rust, sysalloc } from "./contenders.ts";

const FILE = "filing.ts";
const FLUSH = "flushing.ts";

const counting = (name: string, role: Contender["role"], way: string) =>
  program(name, role, RUNTIMES, "checksum", ({ path }) => [
    "work/programs/count_lines.ts",
    way,
    path,
  ]);

/** Programs of other languages that count lines, by their hosts. */
const COUNTERS = {
  C: "C",
  Rust: "memmap2",
  Python: "mmap",
  Java: "MemorySegment",
  wc: "wc -l",
} as const;

/** Their arguments before the file. */
const FIRST: Readonly<Record<keyof typeof COUNTERS, readonly string[]>> = {
  C: ["count-lines"],
  Rust: ["count-lines"],
  Python: ["peers/python/count_lines.py"],
  Java: [],
  wc: [],
};

const counters = (Object.keys(COUNTERS) as (keyof typeof COUNTERS)[]).flatMap((host) =>
  program(
    COUNTERS[host],
    host === "C" ? "c" : "native",
    [host],
    "checksum",
    ({ path }) => [...FIRST[host], path],
  )
);

/** The longest file that is read wholly, or through a stream. */
const upTo = 256 * MIB;
/** Details of contenders that read all of a file for one record. */
const wholly = {
  upTo,
  fewer: (size: number) => size < 16 * MIB ? 25 : 500,
} as const;

/** Files. */
export const files: readonly Benchmark[] = [
  {
    name: "open-record",
    title: "Open a file and read one record",
    counted: "a file that was opened, whose 64 bytes in the middle were read, and that was closed",
    sizes: SIZES,
    quick: MIB,
    operations: () => 500,
    file: "log",
    contenders: [
      ...sysalloc(FILE, "sysalloc/open-record"),
      ...sysalloc(FILE, "sysalloc/open-record-read", { name: "sysalloc, read()" }),
      ...sysalloc(FILE, "sysalloc/open-record-map-read", {
        name: "sysalloc, mapRead() and read()",
      }),
      ...floor(FILE, "open-record"),
      ...c(FILE, "open-record"),
      ...c(FILE, "open-record-read", { name: "C, pread()" }),
      ...own("node:fs", FILE, "fs/open-record"),
      ...own("Deno.FsFile", FILE, "deno-file/open-record", { on: ["Deno"] }),
      ...own("Bun.file().slice()", FILE, "bun-slice/open-record", { on: ["Bun"] }),
      ...own("Bun.mmap()", FILE, "bun-mmap/open-record", { on: ["Bun"] }),
      ...own("readFileSync()", FILE, "fs-whole/open-record", wholly),
      ...own("Deno.readFile()", FILE, "deno-whole/open-record", { on: ["Deno"], ...wholly }),
      ...own("Bun.file().bytes()", FILE, "bun-whole/open-record", { on: ["Bun"], ...wholly }),
      npm("@riaskov/mmap-io", "open-record"),
      rust("memmap2", "open-record"),
    ],
    seconds: 34,
  },
  {
    name: "random-pages",
    title: "Random reads of 4 KiB",
    counted: "4 KiB at a random place of an open file, all of whose words were added to a sum",
    sizes: [MIB, 16 * MIB, GIB],
    quick: 16 * MIB,
    operations: () => 4000,
    file: "log",
    contenders: [
      ...sysalloc(FILE, "sysalloc/random-pages", { name: "sysalloc, subarray() of a view" }),
      ...sysalloc(FILE, "sysalloc/random-pages-view", { name: "sysalloc, view()" }),
      ...sysalloc(FILE, "sysalloc/random-pages-read", {
        name: "sysalloc, read()",
        c: "C, pread()",
      }),
      ...c(FILE, "random-pages"),
      ...c(FILE, "random-pages-read", { name: "C, pread()" }),
      ...own("readSync()", FILE, "fs/random-pages"),
      ...own("FileHandle.read()", FILE, "fs-handle/random-pages"),
      ...own("Deno.FsFile", FILE, "deno-file/random-pages", { on: ["Deno"] }),
      ...own("Bun.file().slice()", FILE, "bun-slice/random-pages", {
        on: ["Bun"],
      }),
      ...own("Bun.mmap()", FILE, "bun-mmap/random-pages", { on: ["Bun"] }),
      npm("@riaskov/mmap-io", "random-pages"),
      rust("memmap2", "random-pages"),
    ],
    seconds: 26,
  },
  {
    name: "scan",
    title: "A full scan",
    counted: "a file that was opened, all of whose words were added to a sum, and that was closed",
    sizes: [MIB, 16 * MIB, 256 * MIB, GIB],
    quick: 16 * MIB,
    operations: (size) => Math.max(1, 32 * MIB / size),
    file: "log",
    contenders: [
      ...sysalloc(FILE, "sysalloc/scan"),
      ...sysalloc(FILE, "sysalloc/scan-populate", { name: "sysalloc, populate()" }),
      ...sysalloc(FILE, "sysalloc/scan-read", { name: "sysalloc, read()" }),
      ...sysalloc(FILE, "sysalloc/scan-wasm", { name: "sysalloc, into(), WebAssembly" }),
      ...c(FILE, "scan"),
      ...own("readSync()", FILE, "fs/scan"),
      ...own("readSync(), WebAssembly", FILE, "fs-wasm/scan"),
      ...own("createReadStream()", FILE, "fs-stream/scan", { upTo }),
      ...own("readFileSync()", FILE, "fs-whole/scan", { upTo }),
      ...own("Deno.FsFile", FILE, "deno-file/scan", { on: ["Deno"] }),
      ...own("Deno.FsFile.readable", FILE, "deno-stream/scan", { on: ["Deno"], upTo }),
      ...own("Deno.readFile()", FILE, "deno-whole/scan", { on: ["Deno"], upTo }),
      ...own("Bun.file().stream()", FILE, "bun-stream/scan", { on: ["Bun"], upTo }),
      ...own("Bun.file().bytes()", FILE, "bun-whole/scan", { on: ["Bun"], upTo }),
      ...own("Bun.mmap()", FILE, "bun-mmap/scan", { on: ["Bun"] }),
      npm("@riaskov/mmap-io", "scan"),
      rust("memmap2", "scan"),
    ],
    seconds: 50,
  },
  {
    name: "search",
    title: "A search for text",
    counted: "a file that was opened, searched for a text that it does not have, and closed",
    sizes: [MIB, 16 * MIB, 256 * MIB, GIB],
    quick: 16 * MIB,
    operations: (size) => Math.max(1, 16 * MIB / size),
    file: "log",
    contenders: [
      ...sysalloc(FILE, "sysalloc/search"),
      ...own("readFileSync(), Buffer.indexOf()", FILE, "fs-whole/search", { upTo }),
      ...own("Bun.mmap(), Buffer.indexOf()", FILE, "bun-mmap/search", { on: ["Bun"] }),
      ...nothing("Buffer.indexOf() of what was read before", FILE, "buffer/search"),
    ],
    seconds: 30,
  },
  {
    name: "count-lines",
    title: "Counting the lines of a log, whole programs",
    counted: "a program from its start to its end",
    sizes: [GIB],
    quick: 16 * MIB,
    operations: () => 1,
    file: "log",
    contenders: [
      ...counting("sysalloc", "sysalloc", "sysalloc"),
      ...counting("createReadStream()", "javascript", "stream"),
      ...counters,
    ],
    seconds: 36,
  },
  {
    name: "copy-window",
    title: "A clone of a part of a file",
    counted: "a structured clone of 4 KiB",
    sizes: [16 * MIB],
    quick: 16 * MIB,
    operations: () => 20_000,
    file: "log",
    contenders: [
      ...sysalloc(FILE, "sysalloc/copy-window", { name: "sysalloc, arrayBuffer()" }),
      ...own("view(), slice()", FILE, "slice/copy-window"),
    ],
    seconds: 6,
  },
  {
    name: "store-flush",
    title: "Scattered stores and a flush",
    counted: "one of 500 stores to random pages of a file, which were then flushed to the disk",
    sizes: [MIB, 16 * MIB, GIB],
    quick: 16 * MIB,
    operations: () => 500,
    file: "scratch",
    contenders: [
      ...sysalloc(FILE, "sysalloc/store-flush"),
      ...c(FILE, "store-flush"),
      ...own("writeSync(), fsyncSync()", FILE, "fs/store-flush"),
      ...own("Deno.FsFile", FILE, "deno-file/store-flush", { on: ["Deno"] }),
      ...own("Bun.mmap(), fsyncSync()", FILE, "bun-mmap/store-flush", { on: ["Bun"] }),
      npm("@riaskov/mmap-io", "store-flush"),
      rust("memmap2", "store-flush"),
    ],
    seconds: 20,
  },
  {
    name: "flush-async",
    title: "Scattered stores and a flush, beside a running event loop",
    counted: "one of 500 stores to random pages of a file, which were then flushed to the disk",
    sizes: [16 * MIB],
    quick: 16 * MIB,
    operations: () => 500,
    file: "scratch",
    contenders: [
      ...sysalloc(FLUSH, "sysalloc/flush-async", { name: "sysalloc, flushAsync()" }),
      ...sysalloc(FLUSH, "sysalloc/flush", { name: "sysalloc, flush()" }),
      ...own("writeSync(), FileHandle.datasync()", FLUSH, "fs/flush-async"),
      ...own("writeSync(), fsyncSync()", FLUSH, "fs/flush"),
    ],
    measures: [TIME, PAUSE],
    seconds: 5,
  },
  {
    name: "view-guarded",
    title: "Views of a file that is guarded against truncation",
    counted: "a `view()` of 64 bytes",
    sizes: [MIB],
    quick: MIB,
    operations: () => 100_000,
    file: "log",
    contenders: [
      ...sysalloc(FILE, "sysalloc/view-guarded"),
      ...nothing("sysalloc, truncationGuard(false)", FILE, "unguarded/view-guarded"),
    ],
    seconds: 5,
  },
  {
    name: "fill",
    title: "Stores to a mapped file",
    counted: "`fill()` over all of `mapMut()`, whose pages are there",
    sizes: [64 * MIB],
    quick: 64 * MIB,
    operations: () => 4,
    file: "scratch",
    contenders: [
      ...sysalloc(FILE, "sysalloc/fill"),
      ...nothing("sysalloc, mapAnon()", FILE, "anonymous/fill"),
    ],
    seconds: 6,
  },
];
