/**
 * Calls that unmap.
 *
 * @module
 */
import type { Mmap } from "../../../mod.ts";
import {
  anon,
  growable,
  huge,
  locked,
  made,
  mirrored,
  options,
  PAGE,
  priv,
  roomyFile,
  type Scenarios,
  shared,
  used,
  viewed,
} from "./prepared.ts";

/** A file that became longer, and so may be mapped in pieces. */
function grown(): Mmap {
  const mmap = roomyFile();
  mmap.resize(8 * PAGE);
  return mmap;
}

export const unmapping: Scenarios = {
  "unmap()": { before: anon, call: (mmap) => mmap.unmap() },
  "unmap() of memory with a capacity": { before: growable, call: (mmap) => mmap.unmap() },
  "unmap() of memory with a capacity that was viewed": {
    before: used(growable),
    call: (mmap) => mmap.unmap(),
  },
  "unmap() of a file with a capacity": { before: grown, call: (mmap) => mmap.unmap() },
  "unmap() of a file with a capacity that was viewed": {
    before: used(grown),
    call: (mmap) => mmap.unmap(),
  },
  "unmap() of what was viewed": { before: viewed, call: (mmap) => mmap.unmap() },
  "unmap() of a file": { before: priv, call: (mmap) => mmap.unmap() },
  "unmap() of a file that was viewed": { before: used(priv), call: (mmap) => mmap.unmap() },
  "unmap() of a shared file": { before: shared, call: (mmap) => mmap.unmap() },
  "unmap() of a shared file that was viewed": {
    before: used(shared),
    call: (mmap) => mmap.unmap(),
  },
  "unmap() of what is locked and was viewed": {
    before: locked(viewed),
    call: (mmap) => mmap.unmap(),
  },
  "unmap() between guards": {
    before: () => options().guard().mapAnon(),
    call: (mmap) => mmap.unmap(),
  },
  "unmap() between guards of what was viewed": {
    before: () => used(() => options().guard().mapAnon())(),
    call: (mmap) => mmap.unmap(),
  },
  "unmap() of huge pages": { before: huge, call: (mmap) => mmap.unmap() },
  "unmap() of huge pages that were viewed": { before: used(huge), call: (mmap) => mmap.unmap() },
  "unmap() of shared memory": { before: made, call: (mmap) => mmap.unmap() },
  "unmap() of shared memory that was viewed": { before: used(made), call: (mmap) => mmap.unmap() },
  "unmap() of a mirror": { before: mirrored, call: (mmap) => mmap.unmap() },
  "unmap() of a mirror that was viewed": { before: used(mirrored), call: (mmap) => mmap.unmap() },
};
