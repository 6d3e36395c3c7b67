/**
 * Guarded mappings that end, or change, meanwhile.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Mmap, MmapOptions } from "../../mod.ts";
import { actionOf, delayingHandler, mapFile, PAGE, setAction } from "./mapped_file.ts";
import { type Cases, firsts, guard, isGuarded, SIGBUS, startWorker } from "./process.ts";

/**
 * Has a thread fault in memory of a file, changes the mapping, and lets the guard handle the fault
 * only then. Tells whether the thread read zeros, and whether the handlers are still there.
 */
async function faultMeanwhile(change: (mmap: Mmap) => void): Promise<unknown> {
  const file = mapFile(8, undefined);
  const mmap = new MmapOptions().mapMut(file.path);
  const { address, bytes } = mmap; // which the range is held for
  const { handler, flags } = actionOf(SIGBUS);
  const delaying = delayingHandler(handler);
  setAction(SIGBUS, { handler: delaying.handler, mask: 0n, flags });
  file.truncate(0);
  const sum = startWorker({ kind: "view", address, pages: 8 });
  while (delaying.calls() === 0) await sleep(1);
  change(mmap);
  delaying.goOn();
  const areZero = await sum === 8;
  const areThere = actionOf(SIGBUS).handler === delaying.handler;
  setAction(SIGBUS, { handler, mask: 0n, flags });
  const next = mapFile(2, guard());
  next.truncate(0);
  return [areZero, areThere, bytes.length, firsts(next), next.entry?.faults];
}

export const lifetimes: Cases = {
  "again after it was suspended"() {
    const file = mapFile(4, guard());
    file.truncate(0);
    file.entry?.suspend();
    file.entry?.resume();
    return [firsts(file), file.entry?.faults];
  },

  "while its owner gives the memory back"() {
    const file = mapFile(4, guard());
    file.truncate(0);
    file.entry?.vacate();
    return [firsts(file), file.entry?.faults];
  },

  "after its owner could not give the memory back"() {
    const file = mapFile(4, guard());
    file.truncate(0);
    file.entry?.vacate();
    file.entry?.resume();
    return [firsts(file), file.entry?.faults];
  },

  "when its mapping is unmapped meanwhile": () => faultMeanwhile((mmap) => mmap.unmap()),

  "when its mapping becomes longer meanwhile": () =>
    faultMeanwhile((mmap) => mmap.resize(16 * PAGE)),

  "when its mapping becomes shorter meanwhile": () => faultMeanwhile((mmap) => mmap.resize(PAGE)),

  "when the last handle of its mapping is unmapped meanwhile": () =>
    faultMeanwhile((mmap) => {
      const other = Mmap.fromTicket(mmap.share());
      mmap.unmap();
      other.unmap();
    }),

  "past where it ends now"() {
    const file = mapFile(4, guard());
    file.truncate(0);
    file.entry?.endAt(file.address + BigInt(2 * PAGE));
    const within = isGuarded ? file.bytes[PAGE] : 0;
    console.log(JSON.stringify([within, file.entry?.faults]));
    return file.bytes[2 * PAGE]; // ends the process
  },

  "while it is suspended"() {
    const file = mapFile(4, guard());
    file.truncate(0);
    const gone = isGuarded ? file.bytes[2 * PAGE] : 0; // and not the first page
    file.entry?.suspend();
    console.log(JSON.stringify([gone, file.entry?.faults]));
    return file.bytes[0]; // ends the process
  },

  "after it was released"() {
    const file = mapFile(4, guard());
    file.truncate(0);
    const gone = isGuarded ? file.bytes[2 * PAGE] : 0; // and not the first page
    file.entry?.release();
    file.entry?.release();
    console.log(JSON.stringify([gone, file.entry?.faults]));
    return file.bytes[0]; // ends the process
  },
};
