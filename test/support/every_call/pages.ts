/**
 * Calls on the pages of a mapping.
 *
 * @module
 */
import { MmapOptions, regions } from "../../../mod.ts";
import {
  anon,
  code,
  GRANULE,
  huge,
  locked,
  made,
  mixed,
  options,
  PAGE,
  patched,
  priv,
  reserved,
  type Scenarios,
  shared,
  used,
  viewed,
  whereThatIs,
} from "./prepared.ts";

/** Of few pages, because regions are told of each. */
const part = () => new MmapOptions({ offset: GRANULE + 5, len: PAGE }).mapMut("file");

export const pages: Scenarios = {
  "view()": { before: anon, call: (mmap) => void mmap.view(Int32Array) },
  "arrayBuffer()": { before: anon, call: (mmap) => void mmap.arrayBuffer(5, 100) },
  "protect() of what was viewed": {
    before: viewed,
    call: (mmap) => mmap.unsafeProtect("read", PAGE),
  },
  "protect() of what is mixed": { before: mixed, call: (mmap) => mmap.unsafeProtect("none") },
  "protect() of a file": { before: priv, call: (mmap) => mmap.unsafeProtect("read") },
  "protect() of a shared file": {
    before: used(shared),
    call: (mmap) => mmap.unsafeProtect("none"),
  },
  "commit()": { before: reserved, call: (mmap) => mmap.commit(PAGE, PAGE) },
  "commit() of what is mixed": {
    before: () => {
      const mmap = reserved();
      mmap.unsafeProtect("read", PAGE, PAGE);
      return mmap;
    },
    call: (mmap) => mmap.commit(0, 3 * PAGE),
  },
  "commit() of what was decommitted": {
    before: () => {
      const mmap = viewed();
      mmap.decommit(0, PAGE);
      return mmap;
    },
    call: (mmap) => mmap.commit(0, PAGE),
  },
  "decommit()": { before: anon, call: (mmap) => mmap.decommit(PAGE, PAGE) },
  "decommit() of what was viewed": {
    before: () => {
      const mmap = viewed();
      mmap.unsafeProtect("read");
      return mmap;
    },
    call: (mmap) => mmap.decommit(PAGE, PAGE),
  },
  "discard()": { before: viewed, call: (mmap) => mmap.discard(0, PAGE) },
  "discard() of a file": {
    before: used(priv),
    call: whereThatIs((mmap) => mmap.discard()), // Linux alone can
  },
  "flush()": { before: shared, call: (mmap) => mmap.flush() },
  "flush() of a part": { before: shared, call: (mmap) => mmap.flush(PAGE, 1) },
  "flushAsync()": { before: shared, call: (mmap) => mmap.flushAsync() },
  "startFlush()": { before: shared, call: (mmap) => mmap.startFlush() },
  "read()": { before: anon, call: (mmap) => mmap.read(new Uint8Array(2)) },
  "write()": { before: anon, call: (mmap) => mmap.write(new Uint8Array(2)) },
  "read() of a file": { before: priv, call: (mmap) => mmap.read(new Uint8Array(2)) },
  "read() of code": { before: code, call: (mmap) => mmap.read(new Uint8Array(2)) },
  "write() of a shared file": { before: shared, call: (mmap) => mmap.write(new Uint8Array(2)) },
  "indexOf()": { before: anon, call: (mmap) => void mmap.indexOf(1) },
  "lastIndexOf() of a file": { before: priv, call: (mmap) => void mmap.lastIndexOf(1, 0, 2) },
  "count() of code": { before: code, call: (mmap) => void mmap.count(1, 0, 2) },
  "split() of a shared file": { before: shared, call: (mmap) => void [...mmap.split(1, 0, 2)] },
  "regions()": { before: part, call: () => void regions() },
  "regions() with what is in RAM": {
    before: () => [part(), anon()],
    call: () => void regions({ resident: true }),
  },
  "regions() of another process": { call: whereThatIs(() => void regions({ pid: 7 })) },
  "commit() of what was decommitted and never viewed": {
    before: () => {
      const mmap = anon();
      mmap.decommit(PAGE, PAGE);
      mmap.unsafeProtect("none", 2 * PAGE);
      return mmap;
    },
    call: (mmap) => mmap.commit(0, 3 * PAGE),
  },
  "protect() of what is reserved": {
    before: reserved,
    call: (mmap) => mmap.unsafeProtect("read", PAGE, PAGE),
  },
  "protect() of parts": { before: patched, call: (mmap) => mmap.unsafeProtect("read-execute") },
  "commit() of parts": { before: patched, call: (mmap) => mmap.commit(0, 6 * PAGE) },
  "decommit() of parts": {
    before: patched,
    call: (mmap) => mmap.decommit(0, 6 * PAGE),
    isPartial: true,
  },
  "decommit() of what is reserved": { before: reserved, call: (mmap) => mmap.decommit(0, PAGE) },
  "discard() of what is locked": {
    before: locked(viewed),
    call: (mmap) => mmap.discard(),
    unlocks: true,
  },
  "discard() of a file that is locked": {
    before: locked(used(priv)),
    call: whereThatIs((mmap) => mmap.discard()),
    unlocks: true,
  },
  "decommit() of what is locked": {
    before: locked(viewed),
    call: (mmap) => mmap.decommit(0, PAGE),
    unlocks: true,
  },
  "advise()": { before: anon, call: (mmap) => mmap.advise("will-need", 5, PAGE) },
  "advise() to give back": {
    before: viewed,
    call: whereThatIs((mmap) => mmap.advise("dont-need", PAGE, PAGE)),
  },
  "advise() to free": { before: viewed, call: (mmap) => mmap.advise("free") },
  "advise() of a file": { before: priv, call: (mmap) => mmap.advise("will-need") },
  "lock()": { before: anon, call: (mmap) => mmap.lock(PAGE, 1) },
  "lock() of a file": { before: shared, call: (mmap) => mmap.lock() },
  "lock() of a private file": { before: priv, call: (mmap) => mmap.lock() },
  "unlock()": { before: locked(anon), call: (mmap) => mmap.unlock() },
  "unlock() of what is not locked": { before: anon, call: (mmap) => mmap.unlock() },
  "resident()": { before: anon, call: (mmap) => void mmap.resident() },
  "resident() of what is reserved": {
    before: () => {
      const mmap = reserved();
      mmap.commit(PAGE, PAGE);
      return mmap;
    },
    call: (mmap) => void mmap.resident(),
  },
  "prefault()": { before: anon, call: (mmap) => mmap.prefault() },
  "prefault() of parts": { before: mixed, call: (mmap) => mmap.prefault() },
  "prefault() of a file": { before: shared, call: (mmap) => mmap.prefault() },
  "protect() between guards": {
    before: () => used(() => options().guard().mapAnon())(),
    call: (mmap) => mmap.unsafeProtect("read", PAGE),
  },
  "protect() of huge pages": { before: used(huge), call: (mmap) => mmap.unsafeProtect("read") },
  "protect() of shared memory": { before: used(made), call: (mmap) => mmap.unsafeProtect("read") },
  "flush() of shared memory": { before: made, call: (mmap) => mmap.flush() },
  "lock() of shared memory": { before: made, call: (mmap) => mmap.lock() },
};
