/**
 * Mapping and unmapping: without a view, with one, and with a store to it.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import { MmapOptions } from "../../mod.ts";
import { mapByFfi } from "./floor.ts";
import { inC } from "./in_c.ts";
import { serve, type Task, type Work } from "./serve.ts";

/** The number between two turns of the event loop. */
const BATCH = 500;
/** Viewed memory is unmapped some turns of the event loop later. */
const TURNS_AFTER = 4;

// One mapping lives on, as in most programs: if a collection leaves no object of a class,
// V8 throws away the code that it compiled for the class.
const kept = new MmapOptions({ len: 4096 }).mapAnon();
kept.bytes[0] = 1;

/** Repeats an operation, with turns of the event loop that belong to the time. */
function repeated(operation: (task: Task) => () => number): Work {
  return (task) => {
    const operate = operation(task);
    const batch = (count: number) => {
      let checksum = 0;
      for (let index = 0; index < count; index++) checksum = operate();
      return checksum;
    };
    return {
      async run() {
        let checksum = 0;
        for (let done = 0; done < task.operations; done += BATCH) {
          checksum = batch(Math.min(BATCH, task.operations - done));
          await setImmediate();
        }
        for (let turn = 0; turn < TURNS_AFTER; turn++) await setImmediate();
        return checksum;
      },
    };
  };
}

/** C, with as many turns of the event loop. */
const withTurns = (work: Work): Work => async (task) => {
  const { run, end } = await work(task);
  return {
    async run() {
      const checksum = await run();
      const turns = Math.ceil(task.operations / BATCH) + TURNS_AFTER;
      for (let turn = 0; turn < turns; turn++) await setImmediate();
      return checksum;
    },
    ...(end && { end }),
  };
};

const mapping = (use: (bytes: Uint8Array) => number) =>
  repeated(({ size }) => {
    const options = new MmapOptions({ len: size });
    return () => {
      const mmap = options.mapAnon();
      const checksum = use(mmap.bytes);
      mmap.unmap();
      return checksum;
    };
  });

const making = (make: (size: number) => Uint8Array, use: (bytes: Uint8Array) => number) =>
  repeated(({ size }) => () => use(make(size)));

function view(bytes: Uint8Array): number {
  return bytes.length > 0 ? 1 : 0;
}

function store(bytes: Uint8Array): number {
  bytes[0] = 1;
  return bytes[0];
}

const ordinary = (size: number) => new Uint8Array(size);
const shared = (size: number) => new Uint8Array(new SharedArrayBuffer(size));

await serve({
  "c/map": withTurns(inC("map")),
  "c/map-view": withTurns(inC("map-view")),
  "c/map-store": withTurns(inC("map-store")),
  "floor/map": repeated(({ size }) => () => mapByFfi(size)),
  "floor/map-view": repeated(({ size }) => () => mapByFfi(size, view)),
  "floor/map-store": repeated(({ size }) => () => mapByFfi(size, store)),
  "sysalloc/map": repeated(({ size }) => {
    const options = new MmapOptions({ len: size });
    return () => {
      options.mapAnon().unmap();
      return 1;
    };
  }),
  "sysalloc/options": repeated(({ size }) => () =>
    new MmapOptions().len(size).populate() instanceof MmapOptions ? 1 : 0
  ),
  "floor/options": repeated(({ size }) => () =>
    new MmapOptions({ len: size, populate: true }) instanceof MmapOptions ? 1 : 0
  ),
  "sysalloc/map-view": mapping(view),
  "sysalloc/map-store": mapping(store),
  "array/map-view": making(ordinary, view),
  "array/map-store": making(ordinary, store),
  "shared/map-view": making(shared, view),
  "shared/map-store": making(shared, store),
});
