/**
 * The effects of lost pages on loads and stores.
 *
 * @module
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { MmapOptions } from "../../mod.ts";
import { rounds } from "../support/rounds.ts";
import { c, mapFile, type MappedFile, PAGE } from "./mapped_file.ts";
import { type Cases, firsts, guard, isGuarded, lose } from "./process.ts";

export const losses: Cases = {
  "before the first load"() {
    const file = mapFile(4, guard());
    file.truncate(0);
    return [firsts(file), file.entry?.faults];
  },

  "between two loads"() {
    const file = mapFile(4, guard());
    const before = firsts(file);
    file.truncate(2);
    return [before, firsts(file), file.entry?.faults];
  },

  "before a store"() {
    const file = mapFile(4, guard());
    file.truncate(1);
    file.bytes[2 * PAGE + 5] = 42; // replaces the third page and the fourth
    const stored = file.bytes[2 * PAGE + 5];
    const after = firsts(file);
    file.bytes.fill(9);
    return [stored, after, firsts(file), file.entry?.faults];
  },

  "in the middle of a page"() {
    const file = mapFile(2, guard());
    file.bytes[PAGE - 1] = 1;
    file.truncate(1);
    new DataView(file.bytes.buffer).setUint32(PAGE - 2, 0x01020304); // over the end of the page
    return [[...file.bytes.subarray(PAGE - 3, PAGE + 3)], file.entry?.faults];
  },

  "in the middle of a mapping"() {
    const file = mapFile(6, guard());
    lose(file, 1, 2);
    lose(file, 4);
    file.bytes[4 * PAGE] = 5; // before the others: what is between keeps its data
    return [firsts(file), file.entry?.faults];
  },

  "in very many places of a mapping"() {
    const PAGES = 1400;
    const file = mapFile(PAGES, guard());
    for (let page = 0; page < PAGES; page += 2) lose(file, page);
    const sevens = firsts(file).filter((byte) => byte === 7).length;
    return [sevens, file.entry?.faults];
  },

  "one page after the other"() {
    const PAGES = 1400;
    const file = mapFile(PAGES, guard());
    for (let page = 0; page < PAGES; page++) {
      lose(file, page); // after the one before was stored to, as on a full disk that can be read
      file.bytes[page * PAGE] = 1;
    }
    const again = mapFile(4, guard());
    lose(again, 0);
    return [file.entry?.faults, firsts(again), again.entry?.faults];
  },

  "in a long file"() {
    const PAGES = 2 ** 15;
    const file = mapFile(PAGES, guard());
    file.truncate(1);
    let zeros = 0;
    for (let page = 0; page < PAGES; page++) if (file.bytes[page * PAGE] === 0) zeros++;
    return [PAGES - zeros, file.entry!.faults < 16];
  },

  "and what was not lost stays"() {
    return (["map", "mapMut"] as const).map((call) => {
      const { path, truncate } = mapFile(32, undefined);
      const mmap = new MmapOptions().truncationGuard(isGuarded)[call](path);
      const { address, bytes } = mmap;
      lose({ address } as MappedFile, 3, 2);
      lose({ address } as MappedFile, 20);
      bytes[20 * PAGE] = bytes[4 * PAGE] = 1;
      const reach = (page: number, pages = 1) =>
        [
          () => mmap.read(new Uint8Array(pages * PAGE), page * PAGE),
          () => mmap.write(new Uint8Array(pages * PAGE).fill(9), page * PAGE),
          () => mmap.flush(page * PAGE, pages * PAGE),
          () => mmap.view(Uint8Array, page * PAGE, pages * PAGE),
          () => mmap.discard(page * PAGE, pages * PAGE),
        ].map((use) => {
          try {
            use();
            return "ok";
          } catch (error) {
            return (error as { code?: string }).code;
          }
        });
      const lost = () => [mmap.lostByteLength / PAGE, mmap.truncated];
      const before = lost();
      const found = [reach(5, 15), reach(21, 11), reach(4, 2), reach(20), reach(0, 32)];
      truncate(25);
      return [before, found, bytes[30 * PAGE], ...lost()];
    });
  },

  "again and again"() {
    const count = rounds("truncatedAgain");
    const { address, bytes, descriptor, entry, truncate } = mapFile(2, guard());
    truncate(0);
    let zeros = 0;
    for (let round = 0; round < count; round++) {
      zeros += bytes[PAGE] === 0 ? 1 : 0;
      // MAP_SHARED | MAP_FIXED: the file again, which is empty
      c.mmap(address, BigInt(2 * PAGE), 3, 0x11, descriptor, 0n);
    }
    return [zeros, entry?.faults];
  },

  "in the last of many mappings"() {
    const MANY = 5000; // above what one block of the table has
    const entries = Array.from({ length: MANY }, () => guard()?.add(0n, BigInt(PAGE)));
    const file = mapFile(4, guard());
    file.truncate(0);
    const before = firsts(file);
    for (const entry of entries) entry?.release();
    const again = mapFile(4, guard());
    again.truncate(0);
    return [before, file.entry?.faults, firsts(again), again.entry?.faults];
  },

  "when the kernel reads it"() {
    const file = mapFile(4, guard());
    const target = mapFile(1, undefined);
    file.truncate(1);
    const descriptor = openSync(target.path, "r+");
    let outcome: unknown;
    try {
      outcome = writeSync(descriptor, file.bytes.subarray(2 * PAGE, 3 * PAGE)) === PAGE;
    } catch (error) {
      outcome = (error as { code?: string }).code === "EFAULT" ||
        /bad address|EFAULT/i.test(`${error}`);
    }
    closeSync(descriptor);
    return [outcome, file.bytes[3 * PAGE]];
  },

  "past what is guarded"() {
    const file = mapFile(4, guard(), 2);
    file.truncate(0);
    const within = file.bytes[PAGE];
    console.log(JSON.stringify([within, file.entry?.faults]));
    return file.bytes[2 * PAGE]; // ends the process
  },
};
