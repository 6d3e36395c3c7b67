/**
 * The mappings of the scenarios in which every native call of a public call fails.
 *
 * @module
 */
import { type Mmap, type MmapError, MmapOptions } from "../../../mod.ts";
import { makeMemory } from "../wasm_module.ts";

/** A public call. */
export interface Scenario {
  /** Makes the mappings before, the one in question first; missing if the call itself maps. */
  readonly before?: () => Mmap | readonly Mmap[];
  /** The call; returns what it maps. */
  readonly call: (mmap: Mmap) => Mmap | void | Promise<void>;
  /**
   * True if a part can be done when the system refuses another; `"in pieces"` if only where files
   * are mapped in pieces.
   */
  readonly isPartial?: boolean | "in pieces";
  /** True if it unlocks what is locked, and leaves it so when the system refuses the rest. */
  readonly unlocks?: boolean;
}

/** Public calls, by what they do. A new one is one more row. */
export type Scenarios = Readonly<Record<string, Scenario>>;

/** The lengths of a page, of a granule and of a huge page of a simulated system, in bytes. */
export const PAGE = 4096;
export const GRANULE = 65_536;
export const HUGE = 2_097_152;
export const ALIGN = 131_072;
/** A length beyond that of the file. */
export const FILE_LONGER = 393_216;
/** The name of shared memory. */
export const NAME = "a name";

export function options(len: number = 3 * PAGE): MmapOptions {
  return new MmapOptions({ len });
}

export const anon = (): Mmap => options().mapAnon();
export const reserved = (): Mmap => options().reserve();
export const priv = (): Mmap => new MmapOptions({ offset: GRANULE + 5 }).map("file");
export const shared = (): Mmap => new MmapOptions({ offset: GRANULE + 5 }).mapMut("file");
export const code = (): Mmap => new MmapOptions().mapExec("file");
export const huge = (): Mmap => new MmapOptions({ len: HUGE, huge: HUGE }).mapAnon();
export const made = (): Mmap => options().mapShared(NAME, { mode: "create" });
export const mirrored = (): Mmap => new MmapOptions({ len: GRANULE }).mapMirrored();

export const roomy = (len?: number): MmapOptions => options(len).capacity(FILE_LONGER);
export const growable = (): Mmap => roomy().mapAnon();
export const roomyFile = (): Mmap => roomy(6 * PAGE).mapMut("file");

export function viewed(): Mmap {
  const mmap = anon();
  mmap.bytes[0] = 1;
  return mmap;
}

/** Memory whose parts have different access. */
export function mixed(): Mmap {
  const mmap = viewed();
  mmap.unsafeProtect("read", PAGE, PAGE);
  return mmap;
}

/** Memory whose parts have different histories. */
export function patched(): Mmap {
  const mmap = new MmapOptions({ len: 6 * PAGE }).mapAnon();
  mmap.unsafeProtect("read", 0, 2 * PAGE);
  void mmap.view(Uint8Array, 2 * PAGE);
  mmap.unsafeProtect("read", 3 * PAGE, PAGE);
  mmap.decommit(4 * PAGE, PAGE);
  mmap.unsafeProtect("none", 5 * PAGE);
  return mmap;
}

/** Memory of the engine, and what maps into it. */
const memory = makeMemory("shared", 16);
export const intoMemory = (len: number = 0): MmapOptions => options(len).into(memory, 0);
/** A file in memory of the engine. */
export const placed = (): Mmap => intoMemory().mapMut("file");

/** The same mapping once it was viewed. */
export function used(map: () => Mmap): () => Mmap {
  return () => {
    const mmap = map();
    mmap.view(Uint8Array, 0, 1)[0] = 1;
    return mmap;
  };
}

/** The same mapping, locked. */
export function locked(map: () => Mmap): () => Mmap {
  return () => {
    const mmap = map();
    mmap.lock();
    return mmap;
  };
}

/** A call that only some systems have. */
export function whereThatIs(call: (mmap: Mmap) => Mmap | void): (mmap: Mmap) => Mmap | void {
  return (mmap) => {
    try {
      return call(mmap);
    } catch (error) {
      if ((error as MmapError).code !== "ENOTSUP") throw error;
    }
  };
}
