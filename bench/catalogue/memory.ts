/**
 * Anonymous memory: mapped, made ready, read, grown, and much of it alive.
 *
 * @module
 */
import { type Benchmark, GIB, KIB, type Measure, MIB, SIZES, TIME } from "./benchmark.ts";
import { c, floor, nothing, npm, own, rust, sysalloc } from "./contenders.ts";

const MAP = "mapping.ts";
const READY = "readying.ts";
const READ = "reading.ts";
const GROW = "growing.ts";
const LIVE = "living.ts";
const PROTECT = "protecting.ts";
const POINT = "pointing.ts";

const HEAP: Measure = {
  key: "heap",
  title: "JavaScript heap",
  unit: "bytes",
  per: "round",
};

/** Fewer where each is long, so that the rounds of all sizes take about as long. */
const maps = (size: number) => size < MIB ? 2000 : size <= 16 * MIB ? 500 : 100;
/** Contenders that fill long memory with zeros themselves take a thousand times as long. */
const fewer = (size: number) => size < 16 * MIB ? 1 : 20;
/** About 64 MiB a round, and one at least. */
const readies = (size: number) => Math.max(1, Math.min(1000, 64 * MIB / size));

/** Without one between 16 MiB and 1 GiB: to make the words takes longer than to read them. */
const READ_SIZES = SIZES.filter((size) => size !== 256 * MIB);

/** The contenders that map and view, or store. */
const viewed = (work: "map-view" | "map-store") => [
  ...sysalloc(MAP, `sysalloc/${work}`),
  ...floor(MAP, work),
  ...c(MAP, work),
  ...own("new Uint8Array()", MAP, `array/${work}`, { fewer }),
  ...own("SharedArrayBuffer", MAP, `shared/${work}`, { fewer }),
  npm("@riaskov/mmap-io", work, fewer),
];

/** Anonymous memory. */
export const memory: readonly Benchmark[] = [
  {
    name: "map",
    title: "Map and unmap, without a view",
    counted: "`mapAnon()` and `unmap()`",
    sizes: SIZES,
    quick: 64 * KIB,
    operations: () => 20_000,
    contenders: [
      ...sysalloc(MAP, "sysalloc/map"),
      ...floor(MAP, "map"),
      ...c(MAP, "map"),
      rust("sys_alloc", "map"),
      rust("memmap2", "map"),
    ],
    seconds: 32,
  },
  {
    name: "options",
    title: "Options by a chain of setters, beside one object",
    counted: "`new MmapOptions().len(n).populate()`",
    sizes: [4 * KIB],
    quick: 4 * KIB,
    operations: () => 20_000,
    contenders: [
      ...sysalloc(MAP, "sysalloc/options"),
      ...floor(MAP, "options", "by one object"),
    ],
    seconds: 3,
  },
  {
    name: "map-view",
    title: "Map and unmap, with a view",
    counted:
      "`mapAnon()`, `bytes` and `unmap()`, with all releases and the turns of the event loop",
    sizes: SIZES,
    quick: 64 * KIB,
    operations: maps,
    contenders: viewed("map-view"),
    seconds: 24,
  },
  {
    name: "map-store",
    title: "Map and unmap, with a view and the first store",
    counted:
      "`mapAnon()`, `bytes[0] = 1` and `unmap()`, with all releases and the turns of the event loop",
    sizes: SIZES,
    quick: 64 * KIB,
    operations: maps,
    contenders: [
      ...viewed("map-store"),
      rust("sys_alloc", "map-store"),
      rust("memmap2", "map-store"),
    ],
    seconds: 30,
  },
  {
    name: "ready",
    title: "Zeroed memory made ready to use",
    counted: "memory that was made, stored to in every page of 4 KiB, and given back",
    sizes: SIZES,
    quick: MIB,
    operations: readies,
    contenders: [
      ...sysalloc(READY, "sysalloc/ready"),
      ...sysalloc(READY, "sysalloc/ready-populate", {
        name: "sysalloc, populate()",
        c: "C, MAP_POPULATE",
      }),
      ...sysalloc(READY, "sysalloc/ready-huge", {
        name: 'sysalloc, advise("huge-page")',
        c: "C, MADV_HUGEPAGE",
      }),
      ...sysalloc(READY, "sysalloc/ready-prefault", {
        name: "sysalloc, the same and prefault()",
        c: "C, MADV_HUGEPAGE",
      }),
      ...c(READY, "ready"),
      ...c(READY, "ready-populate", { name: "C, MAP_POPULATE" }),
      ...c(READY, "ready-huge", { name: "C, MADV_HUGEPAGE" }),
      ...own("new Uint8Array()", READY, "array/ready"),
      ...own("SharedArrayBuffer", READY, "shared/ready"),
      npm("@riaskov/mmap-io", "ready"),
      rust("sys_alloc", "ready"),
      rust("memmap2", "ready"),
    ],
    seconds: 84,
  },
  {
    name: "read-sequential",
    title: "Sequential access",
    counted: "a 32-bit word of a typed array, added to a sum",
    sizes: READ_SIZES,
    quick: 64 * KIB,
    operations: (size) => Math.max(2 ** 22, Math.min(size / 4, 2 ** 28)),
    contenders: [
      ...sysalloc(READ, "sysalloc/read-sequential"),
      ...c(READ, "read-sequential"),
      ...own("new Uint32Array()", READ, "array/read-sequential"),
      rust("memmap2", "read-sequential"),
    ],
    behind: "it is the same loop over the same class: no more than the noise is to be seen",
    seconds: 36,
  },
  {
    name: "read-random",
    title: "Random access",
    counted: "a 32-bit word of a typed array at a random place, added to a sum",
    sizes: READ_SIZES,
    quick: 64 * KIB,
    operations: () => 2 ** 20,
    contenders: [
      ...sysalloc(READ, "sysalloc/read-random"),
      ...c(READ, "read-random"),
      ...own("new Uint32Array()", READ, "array/read-random"),
      rust("memmap2", "read-random"),
    ],
    behind: "it is the same loop over the same class: no more than the noise is to be seen",
    seconds: 34,
  },
  {
    name: "grow",
    title: "Growing in 8 steps",
    counted:
      "memory that grew from an 8th of the size to all of it, stored to in every page, and given back",
    sizes: [MIB, 16 * MIB, 256 * MIB, GIB],
    quick: 16 * MIB,
    operations: () => 1,
    contenders: [
      ...sysalloc(GROW, "sysalloc/grow-reserve", {
        name: "sysalloc, reserve() and commit()",
        c: "C, mprotect()",
      }),
      ...sysalloc(GROW, "sysalloc/grow-capacity", {
        name: "sysalloc, capacity() and resize()",
        c: "C, mprotect()",
      }),
      ...sysalloc(GROW, "sysalloc/grow-resize", { name: "sysalloc, resize()", c: "C, mremap()" }),
      ...c(GROW, "grow-reserve", { name: "C, mprotect()" }),
      ...c(GROW, "grow-resize", { name: "C, mremap()" }),
      ...own("resizable ArrayBuffer", GROW, "resizable/grow"),
      ...own("copying to a new array", GROW, "copy/grow", { upTo: 256 * MIB }),
      rust("memmap2", "grow"),
    ],
    seconds: 50,
  },
  {
    name: "live",
    title: "30,000 live mappings",
    counted: "a mapping of 4 KiB, made and unmapped after all others were made",
    sizes: [4 * KIB],
    quick: 4 * KIB,
    operations: () => 30_000,
    contenders: [
      ...sysalloc(LIVE, "sysalloc/live"),
      ...sysalloc(LIVE, "sysalloc/live-view", { name: "sysalloc, with a view" }),
      ...c(LIVE, "live"),
      ...own("new Uint8Array()", LIVE, "array/live"),
      rust("sys_alloc", "live"),
      rust("memmap2", "live"),
    ],
    measures: [TIME, HEAP],
    seconds: 11,
  },
  {
    name: "views",
    title: "1,000,000 views",
    counted: "a `view()` of 64 bytes of one mapping of 64 KiB, all of them alive",
    sizes: [64 * KIB],
    quick: 64 * KIB,
    operations: () => 1_000_000,
    contenders: [
      ...sysalloc(LIVE, "sysalloc/views"),
      ...floor(LIVE, "views"),
      ...own("new Uint8Array(buffer)", LIVE, "array/views"),
    ],
    measures: [TIME, HEAP],
    seconds: 11,
  },
  {
    name: "pointer",
    title: "A pointer for a native function",
    counted: "a pointer to 64 bytes that was made and passed to `strnlen()`",
    sizes: [64 * KIB],
    quick: 64 * KIB,
    operations: () => 20_000,
    contenders: [
      ...sysalloc(POINT, "sysalloc/pointer", { name: "sysalloc, pointerAt()" }),
      ...sysalloc(POINT, "sysalloc/pin", { name: "sysalloc, pin() and pointerAt()" }),
      ...nothing("a pointer made once", POINT, "once/pointer"),
      ...own("UnsafePointer.of(subarray())", POINT, "own/pointer", { on: ["Deno"] }),
      ...own("ptr(subarray())", POINT, "own/pointer", { on: ["Bun"] }),
      ...own("getRawPointer(subarray())", POINT, "own/pointer", { on: ["Node.js 26"] }),
    ],
    seconds: 5,
  },
  {
    name: "protect-view",
    title: "Changing the access of a page, and a view",
    counted: "`unsafeProtect()` of 4 KiB in one mapping, and a `view()` of 4 KiB there",
    sizes: [GIB],
    quick: GIB,
    operations: () => 2000,
    contenders: [...sysalloc(PROTECT, "sysalloc/protect-view"), ...floor(PROTECT, "protect-view")],
    seconds: 4,
  },
];
