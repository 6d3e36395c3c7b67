/**
 * The public calls of which every native call is made to fail.
 *
 * @module
 */
import { Mmap, type MmapError, MmapOptions, regions, removeShared } from "../../mod.ts";

/** How long a page of a simulated system is, in bytes. */
export const PAGE = 4096;
const GRANULE = 65_536;
/** A hint that no processor has either. */
const HINT = 2n ** 61n;
const DESCRIPTOR = 5;

/** A public call, of which every native call is made to fail. */
export interface Scenario {
  /** What there is before, the mapping in question first: nothing, where the call itself maps. */
  readonly before?: () => Mmap | readonly Mmap[];
  /** The call; returns what it maps. */
  readonly call: (mmap: Mmap) => Mmap | void | Promise<void>;
  /** Whether a part can be done when the system refuses another. */
  readonly isPartial?: boolean;
  /** Whether it unlocks what is locked, and leaves it so when the system refuses the rest. */
  readonly unlocks?: boolean;
}

const options = (len = 3 * PAGE) => new MmapOptions({ len });
const anon = () => options().mapAnon();
const viewed = () => {
  const mmap = anon();
  mmap.bytes[0] = 1;
  return mmap;
};
const mixed = () => {
  const mmap = viewed();
  mmap.unsafeProtect("read", PAGE, PAGE);
  return mmap;
};
const reserved = () => options().reserve();
const priv = () => new MmapOptions({ offset: GRANULE + 5 }).map("file");
const shared = () => new MmapOptions({ offset: GRANULE + 5 }).mapMut("file");
/** Of few pages. */
const part = () => new MmapOptions({ offset: GRANULE + 5, len: PAGE }).mapMut("file");
const aligned = () => new MmapOptions({ offset: GRANULE }).mapMut("file");
const code = () => new MmapOptions().mapExec("file");
const used = (map: () => Mmap) => () => {
  const mmap = map();
  mmap.view(Uint8Array, 0, 1)[0] = 1;
  return mmap;
};
/** Does what only some systems can. */
const whereThatIs = (call: (mmap: Mmap) => Mmap | void) => (mmap: Mmap): Mmap | void => {
  try {
    return call(mmap);
  } catch (error) {
    if ((error as MmapError).code !== "ENOTSUP") throw error;
  }
};
/** Has another mapping right where this one would grow. */
const blocked = (map: () => Mmap) => () => [map(), anon()];
const LONGER = 40 * PAGE;
const executable = (mmap: Mmap) => (mmap.unsafeProtect("read-execute"), mmap);
/** Of which all parts have another past. */
const patched = () => {
  const mmap = new MmapOptions({ len: 6 * PAGE }).mapAnon();
  mmap.unsafeProtect("read", 0, 2 * PAGE);
  void mmap.view(Uint8Array, 2 * PAGE);
  mmap.unsafeProtect("read", 3 * PAGE, PAGE);
  mmap.decommit(4 * PAGE, PAGE);
  mmap.unsafeProtect("none", 5 * PAGE);
  return mmap;
};
const locked = (map: () => Mmap) => () => {
  const mmap = map();
  mmap.lock();
  return mmap;
};
const waited = () => {
  const mmap = anon();
  mmap.waitAsync(8, 0).catch(() => {}); // it is called back
  return mmap;
};
const HUGE = 2 ** 21;
const ALIGN = 2 * GRANULE;
const FILE_LONGER = 6 * GRANULE;
const huge = () => new MmapOptions({ len: HUGE, huge: HUGE }).mapAnon();
const guardedFile = (options: MmapOptions): Record<string, Scenario> => {
  const { align, populate } = options.settings;
  const name = `a file with guards${align ? ", aligned" : ""}${populate ? " and populated" : ""}`;
  return {
    [`map() of ${name}`]: { call: whereThatIs(() => options.map("file")) },
    [`mapMut() of ${name}`]: { call: whereThatIs(() => options.mapMut("file")) },
  };
};
const NAME = "a name";
const made = () => options().mapShared(NAME, { mode: "create" });
const mirrored = () => new MmapOptions({ len: GRANULE }).mapMirrored();
const file = (name: string, options: MmapOptions): Record<string, Scenario> => ({
  [`map() of ${name}`]: { call: () => options.map("file") },
  [`mapMut() of ${name}`]: { call: () => options.mapMut("file") },
  [`mapExec() of ${name}`]: { call: () => options.mapExec("file") },
});

const resizes = (name: string, map: () => Mmap): Record<string, Scenario> => ({
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

/** The calls. A new one is one more row. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "mapAnon()": { call: anon },
  "mapAnon() populated": { call: () => options().populate().mapAnon() },
  "mapAnon() at a hint": { call: () => options().withHint(HINT).mapAnon() },
  "mapAnon() at a strict hint": { call: () => options().withHint(HINT).strict().mapAnon() },
  "reserve()": { call: reserved },
  ...file("a file", new MmapOptions()),
  ...file("a part of a file", new MmapOptions({ offset: GRANULE + 5, len: PAGE })),
  ...file("a populated file", new MmapOptions({ populate: true })),
  ...file("a file at a hint", new MmapOptions({ hint: HINT })),
  ...file("a file at a strict hint", new MmapOptions({ hint: HINT, strict: true })),
  "map() of a descriptor": { call: () => new MmapOptions().map(DESCRIPTOR) },
  "mapMut() of a descriptor": { call: () => new MmapOptions().mapMut({ fd: DESCRIPTOR }) },
  "view()": { before: anon, call: (mmap) => void mmap.view(Int32Array) },
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
  "startFlush()": { before: shared, call: (mmap) => mmap.startFlush() },
  "read()": { before: anon, call: (mmap) => mmap.read(new Uint8Array(2)) },
  "write()": { before: anon, call: (mmap) => mmap.write(new Uint8Array(2)) },
  "read() of a file": { before: priv, call: (mmap) => mmap.read(new Uint8Array(2)) },
  "read() of code": { before: code, call: (mmap) => mmap.read(new Uint8Array(2)) },
  "write() of a shared file": { before: shared, call: (mmap) => mmap.write(new Uint8Array(2)) },
  "regions()": { before: part, call: () => void regions() },
  "regions() with what is in RAM": {
    before: () => [part(), anon()],
    call: () => void regions({ resident: true }),
  },
  "regions() of another process": { call: whereThatIs(() => void regions({ pid: 7 })) },
  "wait()": { before: anon, call: (mmap) => void mmap.wait(8, 0, 25) },
  "wait() that compares": { before: anon, call: (mmap) => void mmap.wait(8, 0, 0) },
  "wait() in a shared file": { before: aligned, call: (mmap) => void mmap.wait(8, 0, 0) },
  "waitAsync()": {
    before: anon,
    call: async (mmap) => void await mmap.waitAsync(8, 0, { timeout: 5 }),
  },
  "notify()": { before: anon, call: (mmap) => void mmap.notify(8) },
  "notify() in a shared file": { before: aligned, call: (mmap) => void mmap.notify(8, 1) },
  "notify() where somebody waits": { before: waited, call: (mmap) => void mmap.notify(8) },
  "unmap() where somebody waits": {
    before: waited,
    call: (mmap) => mmap.unmap(),
    isPartial: true, // nobody waits any more
  },
  "unmap()": { before: anon, call: (mmap) => mmap.unmap() },
  "unmap() of what was viewed": { before: viewed, call: (mmap) => mmap.unmap() },
  "unmap() of a file": { before: priv, call: (mmap) => mmap.unmap() },
  "unmap() of a file that was viewed": { before: used(priv), call: (mmap) => mmap.unmap() },
  "unmap() of a shared file": { before: shared, call: (mmap) => mmap.unmap() },
  "unmap() of a shared file that was viewed": {
    before: used(shared),
    call: (mmap) => mmap.unmap(),
  },
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
  "unmap() of what is locked and was viewed": {
    before: locked(viewed),
    call: (mmap) => mmap.unmap(),
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
  "mapAnon() aligned": { call: () => options().align(ALIGN).mapAnon() },
  "mapAnon() aligned and populated": {
    call: () => options().align(ALIGN).populate().mapAnon(),
  },
  "mapAnon() with guards": { call: () => options().guard().mapAnon() },
  "mapAnon() with guards, aligned and populated": {
    call: () => options().guard().align(ALIGN).populate().mapAnon(),
  },
  "mapAnon() with guards at a strict hint": {
    call: () => options().guard().withHint(HINT).strict().mapAnon(),
  },
  "mapAnon() with guards for a stack": { call: () => options().guard().stack().mapAnon() },
  "mapAnon() with a name": { call: () => options().name("a label").mapAnon() },
  "mapAnon() with guards and a name": { call: () => options().guard().name("a label").mapAnon() },
  "mapAnon() in huge pages": { call: huge },
  "mapAnon() in huge pages, aligned": {
    call: () => new MmapOptions({ len: HUGE, huge: HUGE, align: 2 * HUGE }).mapAnon(),
  },
  "mapAnon() in huge pages at a strict hint": {
    call: () => new MmapOptions({ len: HUGE, huge: HUGE, hint: HINT, strict: true }).mapAnon(),
  },
  "reserve() with guards": { call: () => options().guard().reserve() },
  "reserve() aligned": { call: () => options().align(ALIGN).reserve() },
  ...file("an aligned file", new MmapOptions({ align: ALIGN })),
  ...file("a populated file that is aligned", new MmapOptions({ align: ALIGN, populate: true })),
  ...guardedFile(new MmapOptions({ guard: PAGE })),
  ...guardedFile(new MmapOptions({ guard: PAGE, align: ALIGN, populate: true })),
  "protect() between guards": {
    before: () => used(() => options().guard().mapAnon())(),
    call: (mmap) => mmap.unsafeProtect("read", PAGE),
  },
  "unmap() between guards": {
    before: () => options().guard().mapAnon(),
    call: (mmap) => mmap.unmap(),
  },
  "unmap() between guards of what was viewed": {
    before: () => used(() => options().guard().mapAnon())(),
    call: (mmap) => mmap.unmap(),
  },
  "protect() of huge pages": { before: used(huge), call: (mmap) => mmap.unsafeProtect("read") },
  "unmap() of huge pages": { before: huge, call: (mmap) => mmap.unmap() },
  "unmap() of huge pages that were viewed": { before: used(huge), call: (mmap) => mmap.unmap() },
  "mapMirrored()": { call: mirrored },
  "mapMirrored() populated": {
    call: () => new MmapOptions({ len: GRANULE, populate: true }).mapMirrored(),
  },
  "mapMirrored() at a hint": {
    call: () => new MmapOptions({ len: GRANULE, hint: HINT }).mapMirrored(),
  },
  "mapMirrored() at a strict hint": {
    call: () => new MmapOptions({ len: GRANULE, hint: HINT, strict: true }).mapMirrored(),
  },
  "mapShared() that makes memory": { call: made },
  "mapShared() that makes memory, aligned and populated": {
    call: () => options().align(ALIGN).populate().mapShared(NAME, { mode: "create" }),
  },
  "mapShared() that makes memory with guards": {
    call: whereThatIs(() => options().guard().mapShared(NAME, { mode: "create" })),
  },
  "mapShared() that makes memory at a strict hint": {
    call: () => options().withHint(HINT).strict().mapShared(NAME, { mode: "create" }),
  },
  "mapShared() that makes memory without reserving it": {
    call: () => options().noReserve().mapShared(NAME, { mode: "create" }),
  },
  "mapShared() that makes memory where there is none": {
    call: () => options().mapShared(NAME, { mode: "open-or-create" }),
  },
  "mapShared() that opens memory": { before: made, call: () => options(1).mapShared(NAME) },
  "mapShared() that opens memory where there is some": {
    before: made,
    call: () => options(PAGE).mapShared(NAME, { mode: "open-or-create" }),
  },
  "removeShared()": { before: made, call: () => removeShared(NAME) },
  "protect() of shared memory": { before: used(made), call: (mmap) => mmap.unsafeProtect("read") },
  "flush() of shared memory": { before: made, call: (mmap) => mmap.flush() },
  "lock() of shared memory": { before: made, call: (mmap) => mmap.lock() },
  "resize() of shared memory, which becomes shorter": {
    before: made,
    call: (mmap) => mmap.resize(PAGE),
  },
  "unmap() of shared memory": { before: made, call: (mmap) => mmap.unmap() },
  "unmap() of shared memory that was viewed": { before: used(made), call: (mmap) => mmap.unmap() },
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
  "resize() of a shared file's second handle, which becomes longer": {
    before: second(shared),
    call: (mmap) => mmap.resize(FILE_LONGER),
  },
  "unmap() of a mirror": { before: mirrored, call: (mmap) => mmap.unmap() },
  "unmap() of a mirror that was viewed": { before: used(mirrored), call: (mmap) => mmap.unmap() },
};
