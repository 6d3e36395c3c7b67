/**
 * Calls that resize a mapping, or hand it to native code.
 *
 * @module
 */
import { Mmap } from "../../../mod.ts";
import {
  anon,
  FILE_LONGER,
  made,
  PAGE,
  priv,
  reserved,
  type Scenarios,
  shared,
  used,
  viewed,
} from "./prepared.ts";

/** Has another mapping right where this one would grow. */
const blocked = (map: () => Mmap) => () => [map(), anon()];
const LONGER = 40 * PAGE;
const executable = (mmap: Mmap) => (mmap.unsafeProtect("read-execute"), mmap);
const resizes = (name: string, map: () => Mmap): Scenarios => ({
  [`resize() of ${name}, which becomes longer`]: {
    before: map,
    call: (mmap) => mmap.resize(LONGER),
  },
  [`resize() of ${name}, which becomes longer elsewhere`]: {
    before: blocked(map),
    call: (mmap) => mmap.resize(LONGER),
  },
  [`resize() of ${name}, which becomes shorter`]: {
    before: map,
    call: (mmap) => mmap.resize(PAGE),
  },
});

export const resizing: Scenarios = {
  ...resizes("memory", anon),
  ...resizes("memory that was viewed", viewed),
  ...resizes("what is reserved", reserved),
  ...resizes("code", () => executable(anon())),
  ...resizes("code that was viewed", () => executable(viewed())),
  "resize() of a shared file, which becomes longer": {
    before: shared,
    call: (mmap) => mmap.resize(FILE_LONGER),
  },
  "resize() of a shared file that was viewed, which becomes longer": {
    before: used(shared),
    call: (mmap) => mmap.resize(FILE_LONGER),
  },
  "resize() of a shared file, which becomes longer in its last page": {
    before: shared,
    call: (mmap) => mmap.resize(mmap.byteLength + 1),
  },
  "resize() of a shared file that is read, which becomes longer": {
    before: () => {
      const mmap = shared();
      mmap.unsafeProtect("read");
      return mmap;
    },
    call: (mmap) => mmap.resize(FILE_LONGER),
  },
  "resize() of a shared file, which becomes shorter": {
    before: shared,
    call: (mmap) => mmap.resize(PAGE),
  },
  "resize() of a shared file that was viewed, which becomes shorter": {
    before: used(shared),
    call: (mmap) => mmap.resize(PAGE),
  },
  "resize() of a file, which becomes shorter": {
    before: priv,
    call: (mmap) => mmap.resize(PAGE),
  },
  "resize() of a file that was viewed, which becomes shorter": {
    before: used(priv),
    call: (mmap) => mmap.resize(PAGE),
  },
  "intoRaw() and unsafeFromRaw()": {
    before: viewed,
    call: (mmap) => {
      const { address, byteLength } = mmap.intoRaw();
      return Mmap.unsafeFromRaw(address, byteLength);
    },
  },
  "resize() of shared memory, which becomes shorter": {
    before: made,
    call: (mmap) => mmap.resize(PAGE),
  },
};
