/**
 * Jobs: whole programs with the libraries that people use, beside the same without sysalloc.
 *
 * @module
 */
import { Mmap } from "../../mod.ts";
import { type Benchmark, type Contender, GIB, KIB, type Measure, MIB, TIME } from "./benchmark.ts";
import { own, program, sysalloc } from "./contenders.ts";

const MEMORY: Measure = { key: "memory", title: "own memory", unit: "bytes", per: "round" };
const CPU: Measure = { key: "cpu", title: "CPU time", unit: "ns", per: "operation" };
const QUERY: Measure = { key: "query", title: "a query", unit: "ns", per: "operation" };
const P99: Measure = { key: "p99", title: "99 of 100 within", unit: "ns", per: "round" };
const READY: Measure = { ...TIME, title: "ready after", per: "round" };

/** The time of a job, its memory and the processors' time. */
const MEASURES = [TIME, MEMORY, CPU];

/** What reads all of a file into memory. */
const wholly = (script: string, work: string): Contender[] => [
  ...own("readFileSync()", script, `read-file/${work}`),
  ...own("Deno.readFileSync()", script, `deno-read-file/${work}`, { on: ["Deno"] }),
  ...own("Bun.file().bytes()", script, `bun-file/${work}`, { on: ["Bun"] }),
];

const bunMmap = (script: string, work: string) =>
  own("Bun.mmap()", script, `bun-mmap/${work}`, { on: ["Bun"] });

const tensors = (work: "tensor" | "tensor-two", title: string): Benchmark => ({
  name: work,
  title,
  counted: "a file that was opened, and its first tensor, 4 MiB, added to a sum",
  sizes: [GIB],
  quick: 16 * MIB,
  operations: () => 1,
  file: "safetensors",
  contenders: [
    ...sysalloc("jobs/tensor.ts", `sysalloc/${work}`),
    ...wholly("jobs/tensor.ts", work),
    ...own("readSync() of the tensor", "jobs/tensor.ts", `read-part/${work}`),
    ...bunMmap("jobs/tensor.ts", work),
  ],
  measures: MEASURES,
  behind: "two reads by place take no more of the file than a mapping, and open no FFI",
  seconds: 40,
  job: { memory: 3 },
});

/** The text that is looked for in a log: `work/jobs/find.ts` knows it, too. */
const TEXT = "took 999 ms";

/** Jobs. */
export const jobs: readonly Benchmark[] = [
  tensors("tensor", "The first tensor of a model"),
  tensors("tensor-two", "The first tensor of a model, two processes"),
  {
    name: "arrow",
    title: "Apache Arrow: a column of a file",
    counted: "a file that was opened by `apache-arrow`, and one of its columns added to a sum",
    sizes: [512 * MIB],
    quick: 16 * MIB,
    operations: () => 1,
    file: "arrow",
    contenders: [
      ...sysalloc("jobs/arrow.ts", "sysalloc/arrow"),
      ...wholly("jobs/arrow.ts", "arrow"),
      ...own("RecordBatchReader", "jobs/arrow.ts", "batches/arrow"),
      ...bunMmap("jobs/arrow.ts", "arrow"),
    ],
    measures: MEASURES,
    seconds: 40,
    job: { memory: 3 },
  },
  {
    name: "vectors",
    title: "Vector search by two workers",
    counted: "a file of vectors of 128 numbers that both could search, and a query to both",
    sizes: [512 * MIB],
    quick: 16 * MIB,
    operations: () => 4,
    file: "vectors",
    contenders: [
      ...sysalloc("jobs/vectors.ts", "sysalloc/vectors"),
      ...own("SharedArrayBuffer", "jobs/vectors.ts", "shared/vectors"),
      ...own("a part for each worker", "jobs/vectors.ts", "parts/vectors"),
    ],
    measures: [READY, QUERY, MEMORY, { ...CPU, per: "round" }],
    seconds: 50,
    job: { memory: 3 },
  },
  {
    name: "log",
    title: "A key-value log",
    counted: "a put or a get of 100 bytes, of which no end of the process loses one",
    sizes: [128 * MIB],
    quick: 128 * MIB,
    operations: () => 1_000_000,
    file: "sparse",
    contenders: [
      ...sysalloc("jobs/log.ts", "sysalloc/log"),
      ...own("writeSync(), Map", "jobs/log.ts", "fs/log"),
      ...own("SQLite", "jobs/log.ts", "sqlite/log"),
    ],
    measures: MEASURES,
    seconds: 90,
    job: { memory: 8 },
  },
  {
    name: "frames",
    title: "Frames of 1080p from Python",
    counted: "a frame, 6.2 MB, that Python made and whose pages were looked at",
    sizes: [0],
    quick: 0,
    operations: () => 300,
    contenders: [
      ...sysalloc("jobs/frames.ts", "sysalloc/frames"),
      ...own("stdout", "jobs/frames.ts", "pipe/frames"),
      ...own("a Unix socket", "jobs/frames.ts", "socket/frames"),
    ],
    measures: MEASURES,
    seconds: 80,
    job: { memory: 1 },
  },
  {
    name: "find",
    title: "A text in a log, counted",
    counted: "a file whose places of a text were counted",
    sizes: [2 * GIB],
    quick: 16 * MIB,
    operations: () => 1,
    file: "log",
    contenders: [
      ...sysalloc("jobs/find.ts", "sysalloc/find", {
        name: "sysalloc, count()",
        unavailable: "count" in Mmap.prototype ? undefined : "there is no Mmap.count() yet",
      }),
      ...sysalloc("jobs/find.ts", "sysalloc-views/find", { name: "sysalloc, Buffer.indexOf()" }),
      ...own("readSync(), Buffer.indexOf()", "jobs/find.ts", "read/find"),
      ...own("createReadStream(), Buffer.indexOf()", "jobs/find.ts", "stream/find"),
      ...own("Bun.mmap(), Buffer.indexOf()", "jobs/find.ts", "bun-mmap/find", { on: ["Bun"] }),
      ...program("mmap", "native", ["Python"], "checksum", ({ path }) => [
        "peers/python/count_text.py",
        path,
        TEXT,
      ]),
      ...program("rg --count-matches", "native", ["ripgrep"], "checksum", ({ path }) => [
        "--no-config",
        "--count-matches",
        "--fixed-strings",
        TEXT,
        path,
      ]),
    ],
    measures: MEASURES,
    seconds: 60,
    job: { memory: 2 },
  },
  {
    name: "ranges",
    title: "Ranges of a file by HTTP",
    counted: "64 KiB at a random place that a client was sent, 4 at a time",
    sizes: [GIB],
    quick: 16 * MIB,
    operations: () => 4000,
    file: "log",
    contenders: [
      ...sysalloc("jobs/ranges.ts", "sysalloc/ranges"),
      ...sysalloc("jobs/ranges.ts", "sysalloc-bun/ranges", {
        name: "sysalloc, Bun.serve()",
        on: ["Bun"],
      }),
      ...own("fs.read()", "jobs/ranges.ts", "read/ranges"),
      ...own("fs.readSync()", "jobs/ranges.ts", "read-sync/ranges"),
      ...own("createReadStream()", "jobs/ranges.ts", "stream/ranges"),
      ...own("Bun.file().slice(), Bun.serve()", "jobs/ranges.ts", "bun-slice/ranges", {
        on: ["Bun"],
      }),
    ],
    measures: [TIME, P99, MEMORY, CPU],
    seconds: 60,
    job: { memory: 2 },
  },
  {
    name: "guest",
    title: "The memory of an emulated machine",
    counted: "memory that was made, and four million loads and stores in an eighth of it",
    sizes: [4 * GIB],
    quick: GIB,
    operations: () => 2 ** 22,
    contenders: [
      ...sysalloc("jobs/guest.ts", "sysalloc/guest"),
      ...own("new ArrayBuffer()", "jobs/guest.ts", "array/guest"),
      ...own("SharedArrayBuffer", "jobs/guest.ts", "shared/guest"),
    ],
    measures: [{ ...TIME, per: "round" }, MEMORY, { ...CPU, per: "round" }],
    seconds: 30,
    job: { memory: 1.5 },
  },
  {
    name: "growing",
    title: "An array that grows",
    counted: "numbers that were appended until there was no room for more",
    sizes: [GIB],
    quick: 32 * MIB,
    operations: () => 1,
    contenders: [
      ...sysalloc("jobs/growing.ts", "sysalloc/growing"),
      ...own("resizable ArrayBuffer", "jobs/growing.ts", "resizable/growing"),
      ...own("arrays of twice the length", "jobs/growing.ts", "doubling/growing"),
    ],
    measures: MEASURES,
    seconds: 40,
    job: { memory: 3 },
  },
  {
    name: "worker",
    title: "Memory to a worker and back",
    counted: "memory that a worker was given, stored to in each page, and gave back",
    sizes: [GIB],
    quick: 64 * MIB,
    operations: () => 1,
    contenders: [
      ...sysalloc("jobs/worker.ts", "sysalloc/worker"),
      ...own("SharedArrayBuffer", "jobs/worker.ts", "shared/worker"),
      ...own("transferred ArrayBuffer", "jobs/worker.ts", "transfer/worker"),
      ...own("structured clone", "jobs/worker.ts", "clone/worker"),
    ],
    measures: MEASURES,
    behind:
      "none of them copies the memory, and sysalloc's first ticket opens the FFI in the worker: 5 to " +
      "10 ms, and 7 ms more in Node.js, which loads its module of cryptography for the key",
    seconds: 60,
    job: { memory: 4 },
  },
  {
    name: "messages",
    title: "Messages to another process",
    counted: "a message of 1 KiB that was sent, and compared byte by byte",
    sizes: [KIB],
    quick: KIB,
    operations: () => 100_000,
    contenders: [
      ...sysalloc("jobs/messages.ts", "sysalloc/messages", {
        name: "sysalloc, examples/channel.ts",
      }),
      ...own("child_process", "jobs/messages.ts", "child-process/messages"),
      ...own("a pipe", "jobs/messages.ts", "pipe/messages"),
      ...own("a Unix socket", "jobs/messages.ts", "socket/messages"),
      ...own("ZeroMQ", "jobs/messages.ts", "zeromq/messages", { on: ["Node.js 26"] }),
      ...own("ZeroMQ", "jobs/messages.ts", "zeromq/messages", {
        on: ["Deno", "Bun"],
        unavailable: "its add-on ends the process there",
      }),
    ],
    measures: MEASURES,
    seconds: 60,
    job: { memory: 1 },
  },
  {
    name: "short-files",
    title: "Short files, each read once",
    counted: "a file of 2 KiB whose bytes were added to a sum",
    sizes: [2 * KIB],
    quick: 2 * KIB,
    operations: () => 10_000,
    file: "short files",
    contenders: [
      ...sysalloc("jobs/short_files.ts", "sysalloc/short-files"),
      ...wholly("jobs/short_files.ts", "short-files"),
      ...own("readFile()", "jobs/short_files.ts", "promises/short-files"),
      ...bunMmap("jobs/short_files.ts", "short-files"),
    ],
    measures: MEASURES,
    behind: "to map a file takes longer than to read so little of it, in C as well",
    seconds: 40,
    job: { memory: 1 },
  },
];
