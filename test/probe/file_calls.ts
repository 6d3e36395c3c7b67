/**
 * The calls of the probe that map files.
 *
 * @module
 */
import { Mmap, MmapError, MmapOptions } from "../../mod.ts";
import { type Place, same } from "./place.ts";

const MIB = 2 ** 20;

/** See {@linkcode Calls}. */
export const FILE_CALLS: Readonly<Record<string, (place: Place) => unknown>> = {
  "map() of a path": (place) => {
    const mmap = place.kept(new MmapOptions().map(place.file()));
    same([mmap.byteLength, mmap.bytes[0]], [4 * place.page, 1]);
    mmap.bytes[0] = 2;
  },
  "map() of a URL": (place) =>
    same(place.kept(new MmapOptions().map(new URL(`file://${place.file()}`))).bytes[5], 1),
  "map() of a descriptor": (place) => {
    const mmap = place.kept(new MmapOptions().map(place.descriptor(place.file())));
    same(mmap.bytes[5], 1);
  },
  "map() with an offset": (place) => {
    const options = new MmapOptions({ offset: place.page + 1, len: 10 });
    same(place.kept(options.map(place.file())).bytes.length, 10);
  },
  "map() with populate": (place) =>
    same(place.kept(new MmapOptions({ populate: true }).map(place.file())).bytes[1], 1),
  "map() of what is not there": () => new MmapOptions().map("/nowhere/at/all"),
  "map() of a folder": () => new MmapOptions().map("/"),
  "map() of a device": () => new MmapOptions({ len: 4096 }).map("/dev/null"),
  "map() of a file of the kernel": () => new MmapOptions().map("/proc/self/maps"),
  "wrong map()": () => new MmapOptions().map({} as never),
  "mapMut() and flush()": (place) => {
    const path = place.file();
    const mmap = place.kept(new MmapOptions().mapMut(path));
    mmap.bytes[1] = 8;
    mmap.startFlush();
    mmap.flush();
    same(place.byteOf(path, 1), 8);
  },
  "mapRead()": (place) => {
    const mmap = place.kept(new MmapOptions().mapRead(place.file()));
    same(mmap.wait(0, 0x01010101, 1), "timed-out");
  },
  "mapExec()": (place) => same(place.kept(new MmapOptions().mapExec(place.file())).bytes[0], 1),
  "read() and write() of a file": (place) => {
    const mmap = place.kept(new MmapOptions().mapMut(place.file()));
    mmap.write(new Uint8Array([4, 5]), 1);
    const read = new Uint8Array(3);
    mmap.read(read);
    same([...read], [1, 4, 5]);
  },
  "indexOf() and count() of a file": (place) => {
    const mmap = place.kept(new MmapOptions().map(place.file()));
    mmap.bytes[7] = 200;
    same([mmap.indexOf(200), mmap.lastIndexOf(200), mmap.count(200)], [7, 7, 1]);
  },
  "resize() of a file": (place) => {
    const mmap = place.kept(new MmapOptions().mapMut(place.file()));
    mmap.resize(8 * place.page);
    same([mmap.byteLength, mmap.bytes[0]], [8 * place.page, 1]);
    mmap.resize(place.page);
  },
  "resize() of a file to 64 MiB": (place) => {
    const mmap = place.kept(new MmapOptions().mapMut(place.file()));
    mmap.resize(64 * MIB);
    mmap.read(new Uint8Array(1), 64 * MIB - 1);
  },
  "protect(), advise(), resident() and lock() of a file": (place) => {
    const mmap = place.kept(new MmapOptions().mapMut(place.file()));
    mmap.protect("read");
    mmap.advise("will-need");
    mmap.resident();
    mmap.lock();
  },
  "share() of a file": (place) => {
    const mmap = place.kept(new MmapOptions().mapMut(place.file()));
    const ticket = mmap.share();
    mmap.write(new Uint8Array([4, 5]), 1);
    Mmap.release(ticket);
  },
  "wait() for memory of map()": (place) =>
    place.kept(new MmapOptions().map(place.file())).wait(0, 0, 1),
  "wait() for memory of mapMut()": (place) => {
    const mmap = place.kept(new MmapOptions().mapMut(place.file()));
    same(mmap.wait(0, 0x01010101, 1), "timed-out");
  },
  "read() of a truncated file": (place) => {
    const path = place.file();
    const mmap = place.kept(new MmapOptions().mapMut(path));
    place.truncate(path, 1);
    const read = new Uint8Array(1);
    mmap.read(read);
    same(read[0], 1);
    let error: unknown;
    try {
      mmap.read(read, 2 * place.page);
    } catch (caught) {
      error = caught;
    }
    if (!(error instanceof MmapError)) throw error ?? new Error("It was read");
  },
  "write() to a truncated file": (place) => {
    const path = place.file();
    const mmap = place.kept(new MmapOptions().mapMut(path));
    place.truncate(path, 0);
    let error: unknown;
    try {
      mmap.write(new Uint8Array(1), 2 * place.page);
    } catch (caught) {
      error = caught;
    }
    if (!(error instanceof MmapError)) throw error ?? new Error("It was written");
  },
  "load of a truncated file": (place) => {
    const path = place.file();
    const mmap = place.kept(new MmapOptions().mapMut(path));
    const { bytes } = mmap;
    if (!mmap.truncationGuarded) {
      mmap.read(new Uint8Array(1));
      return; // nothing is promised
    }
    place.truncate(path, 1);
    same([bytes[0], bytes[2 * place.page]], [1, 0]);
    same(mmap.truncated, true);
  },
  "store to a sparse file": (place) => {
    const mmap = place.kept(new MmapOptions().mapMut(place.file(16, true)));
    if (!mmap.truncationGuarded) return;
    mmap.bytes[0] = 1; // where the disk is full, it is lost
    mmap.bytes[8 * place.page] = 1;
  },
  "write() to a sparse file": (place) =>
    place.kept(new MmapOptions().mapMut(place.file(16, true))).write(new Uint8Array(9), 7),
  "prefault() of a sparse file": (place) =>
    place.kept(new MmapOptions().mapMut(place.file(16, true))).prefault(),
  "a file without a guard": (place) => {
    const options = new MmapOptions({ truncationGuard: false });
    const mmap = place.kept(options.map(place.file()));
    same([mmap.truncationGuarded, mmap.bytes[0]], [false, 1]);
  },
};
