/**
 * Calls that resize a mapping, or hand it to native code.
 *
 * @module
 */
import { Mmap } from "../../../mod.ts";
import {
  anon,
  FILE_LONGER,
  growable,
  made,
  NAME,
  options,
  PAGE,
  priv,
  reserved,
  roomy,
  roomyFile,
  type Scenario,
  type Scenarios,
  shared,
  used,
  viewed,
  whereThatIs,
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

/** A call on memory with a capacity, where the system has that for its kind. */
const inPlace = (
  name: string,
  map: () => Mmap,
  call: (mmap: Mmap) => void,
  isPartial: Scenario["isPartial"] = false,
): Scenarios => ({
  [`resize() in place of ${name}`]: {
    before: () => whereThatIs(map)(undefined as never) ?? [],
    call: (mmap) => mmap && call(mmap),
    isPartial,
  },
});
const roomyCopy = (): Mmap => roomy(6 * PAGE).map("file");
const longer = (mmap: Mmap) => mmap.resize(9 * PAGE);
const shorter = (mmap: Mmap) => mmap.resize(PAGE + 1);
/** Memory that was longer. */
const cut = (map: () => Mmap) => () => {
  const mmap = map();
  mmap.resize(PAGE + 1);
  return mmap;
};

export const resizing: Scenarios = {
  ...inPlace("memory, which becomes longer", growable, longer),
  ...inPlace("memory, which becomes shorter", growable, shorter),
  ...inPlace("memory that was viewed, which becomes shorter", used(growable), shorter),
  ...inPlace("memory that was viewed, which becomes longer again", cut(used(growable)), longer),
  ...inPlace(
    "a shared file, which becomes longer",
    roomyFile,
    (mmap) => mmap.resize(FILE_LONGER),
    "in pieces",
  ),
  ...inPlace("a shared file, which becomes shorter", roomyFile, shorter),
  ...inPlace(
    "a shared file that was viewed, which becomes longer again",
    cut(used(roomyFile)),
    longer,
    "in pieces",
  ),
  ...inPlace("a file, which becomes longer", roomyCopy, longer, "in pieces"),
  ...inPlace("a file, which becomes shorter", roomyCopy, shorter),
  ...inPlace("a file that was viewed, which becomes shorter", used(roomyCopy), shorter),
  ...inPlace("a file, to its end", roomyCopy, (mmap) => mmap.resize(), "in pieces"),
  ...inPlace("a shared file, to its end", roomyFile, (mmap) => mmap.resize(), "in pieces"),
  ...inPlace(
    "a shared file whose blocks are set aside, which becomes longer",
    () => roomy(6 * PAGE).allocate().mapMut("file"),
    longer,
    "in pieces",
  ),
  "resize() of a shared file whose blocks are set aside, which becomes longer": {
    before: () => whereThatIs(() => options().allocate().mapMut("file"))(undefined as never) ?? [],
    call: (mmap) => mmap?.resize(FILE_LONGER),
  },
  ...inPlace(
    "shared memory, which becomes longer",
    () => roomy().mapShared(NAME, { mode: "create" }),
    longer,
  ),
  "resize() of a shared file to its end": { before: shared, call: (mmap) => mmap.resize() },
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
