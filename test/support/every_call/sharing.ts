/**
 * Calls that hand memory from one handle to another.
 *
 * @module
 */
import { Mmap } from "../../../mod.ts";
import {
  anon,
  code,
  FILE_LONGER,
  growable,
  huge,
  mirrored,
  options,
  PAGE,
  patched,
  priv,
  reserved,
  type Scenarios,
  shared,
  used,
  viewed,
} from "./prepared.ts";

/** Hands memory to another handle, which is unmapped as the first one is. */
const passed = (map: () => Mmap) => ({
  before: map,
  call: (mmap: Mmap) => Mmap.fromTicket(mmap.share()),
});
/** The only handle that is left of memory that was shared. */
const leftAlone = (map: () => Mmap) => () => {
  const mmap = map();
  Mmap.fromTicket(mmap.share()).unmap();
  return mmap;
};
/** A second handle, of which the first one is closed. */
const second = (map: () => Mmap) => () => {
  const mmap = map();
  const other = Mmap.fromTicket(mmap.share());
  mmap.unmap();
  return other;
};

export const sharing: Scenarios = {
  "fromTicket()": passed(anon),
  "fromTicket() of what was viewed": passed(viewed),
  "fromTicket() of parts": passed(patched),
  "fromTicket() of what was decommitted": passed(() => {
    const mmap = viewed();
    mmap.decommit(0, 3 * PAGE);
    return mmap;
  }),
  "fromTicket() of what is reserved": passed(reserved),
  "fromTicket() of a file": passed(used(priv)),
  "fromTicket() of a shared file": passed(used(shared)),
  "fromTicket() of code": passed(code),
  "fromTicket() between guards": passed(() => options().guard().mapAnon()),
  "fromTicket() of huge pages": passed(huge),
  "fromTicket() of a mirror": passed(mirrored),
  "release() of a ticket": { before: anon, call: (mmap) => Mmap.release(mmap.share()) },
  "release() of a ticket of parts": {
    before: patched,
    call: (mmap) => Mmap.release(mmap.share()),
  },
  "release() of the last ticket of what was viewed": {
    call: () => {
      const mmap = viewed();
      const ticket = mmap.share();
      mmap.unmap();
      Mmap.release(ticket);
    },
  },
  "unmap() of what was shared": { before: leftAlone(anon), call: (mmap) => mmap.unmap() },
  "unmap() of what was shared and was viewed": {
    before: leftAlone(viewed),
    call: (mmap) => mmap.unmap(),
  },
  "unmap() of a shared file's second handle": {
    before: second(shared),
    call: (mmap) => mmap.unmap(),
  },
  "unmap() of a shared file's second handle, viewed": {
    before: used(second(used(shared))),
    call: (mmap) => mmap.unmap(),
  },
  "unmap() of a second handle of huge pages": {
    before: second(huge),
    call: (mmap) => mmap.unmap(),
  },
  "unmap() of a mirror's second handle": {
    before: second(mirrored),
    call: (mmap) => mmap.unmap(),
  },
  "protect() of what was shared": {
    before: leftAlone(viewed),
    call: (mmap) => mmap.unsafeProtect("read", PAGE),
  },
  "resize() in place of a second handle, which becomes longer": {
    before: second(growable),
    call: (mmap) => mmap.resize(9 * PAGE),
  },
  "release() of a ticket of memory with a capacity": {
    before: growable,
    call: (mmap) => Mmap.release(mmap.share()),
  },
  "resize() of a shared file's second handle, which becomes longer": {
    before: second(shared),
    call: (mmap) => mmap.resize(FILE_LONGER),
  },
};
