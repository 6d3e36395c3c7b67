/**
 * Calls that map.
 *
 * @module
 */
import { runtimeFiles } from "../../../ffi/host.ts";
import { type Mmap, MmapOptions, removeShared } from "../../../mod.ts";
import {
  ALIGN,
  anon,
  GRANULE,
  growable,
  HUGE,
  huge,
  intoMemory,
  made,
  mirrored,
  NAME,
  options,
  PAGE,
  placed,
  reserved,
  roomy,
  type Scenarios,
  whereThatIs,
} from "./prepared.ts";

const guardedFile = (options: MmapOptions): Scenarios => {
  const { align, populate } = options.settings;
  const name = `a file with guards${align ? ", aligned" : ""}${populate ? " and populated" : ""}`;
  return {
    [`map() of ${name}`]: { call: whereThatIs(() => options.map("file")) },
    [`mapMut() of ${name}`]: { call: whereThatIs(() => options.mapMut("file")) },
  };
};
const file = (name: string, options: MmapOptions): Scenarios => ({
  [`map() of ${name}`]: { call: () => options.map("file") },
  [`mapMut() of ${name}`]: { call: () => options.mapMut("file") },
  [`mapRead() of ${name}`]: { call: () => options.mapRead("file") },
  [`mapExec() of ${name}`]: { call: () => options.mapExec("file") },
});
const growableFile: Scenarios = {
  "mapMut() of a file that may have to be made": {
    call: () => options().create().mapMut("file"),
  },
  "mapMut() of a file whose blocks are set aside": {
    call: whereThatIs(() => options().allocate().mapMut("file")),
  },
  "map() of a file with a capacity": { call: whereThatIs(() => roomy().map("file")) },
  "mapMut() of a file with a capacity, populated": {
    call: whereThatIs(() => roomy().populate().mapMut("file")),
  },
};
/** Maps a file in a runtime without permissions. */
const withoutPermissions = (call: "map" | "mapMut"): Mmap => {
  const files = runtimeFiles();
  const { permitsAll } = files;
  Object.assign(files, { permitsAll: () => true });
  try {
    return new MmapOptions()[call]("file");
  } finally {
    Object.assign(files, { permitsAll });
  }
};
/** A hint that no processor has either. */
const HINT = 2n ** 61n;
const DESCRIPTOR = 5;

export const mapping: Scenarios = {
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
  "map() of a file that the system opens": { call: () => withoutPermissions("map") },
  "mapMut() of a file that the system opens": { call: () => withoutPermissions("mapMut") },
  "map() of a descriptor": { call: () => new MmapOptions().map(DESCRIPTOR) },
  "mapMut() of a descriptor": { call: () => new MmapOptions().mapMut({ fd: DESCRIPTOR }) },
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
  "mapAnon() with a capacity": { call: growable },
  "mapAnon() with a capacity, populated, with guards and a name": {
    call: () => roomy().guard().name("a label").populate().mapAnon(),
  },
  ...growableFile,
  ...guardedFile(new MmapOptions({ guard: PAGE })),
  ...guardedFile(new MmapOptions({ guard: PAGE, align: ALIGN, populate: true })),
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
  "mapShared() that makes much memory": {
    call: () => options(2 ** 22).mapShared(NAME, { mode: "create" }),
  },
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
  "mapShared() that makes memory with a capacity": {
    call: whereThatIs(() => roomy().mapShared(NAME, { mode: "create" })),
  },
  "mapShared() that opens memory": { before: made, call: () => options(1).mapShared(NAME) },
  "mapShared() that opens memory where there is some": {
    before: made,
    call: () => options(PAGE).mapShared(NAME, { mode: "open-or-create" }),
  },
  "map() into a memory of the engine": { call: whereThatIs(() => intoMemory().map("file")) },
  "mapMut() into a memory of the engine": { call: whereThatIs(placed) },
  "mapShared() that makes memory in a memory of the engine": {
    call: whereThatIs(() => intoMemory(PAGE).mapShared(NAME, { mode: "create" })),
  },
  "removeShared()": { before: made, call: () => removeShared(NAME) },
};
