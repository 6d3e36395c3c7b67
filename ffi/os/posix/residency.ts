/**
 * Advice, locks and pages in RAM on Linux and macOS.
 *
 * @module
 */
import { lazily } from "../../lazily.ts";
import { own } from "../../own.ts";
import type { Failure } from "../contract/memory.ts";
import type { Advice, Residency } from "../contract/residency.ts";
import { POSIX } from "./calls.ts";
import { type CLibrary, limitReader } from "./library.ts";

/** The calls that lock pages in a special way. */
export interface LockingCalls extends Pick<Residency, "unlock" | "populate"> {
  readonly lock: (address: bigint, byteLength: bigint) => Failure | undefined;
}

/** The differences between Linux and macOS for residency. */
export interface ResidencyFacts {
  readonly lockLimits: {
    readonly RLIMIT_MEMLOCK: number;
    /** The errors of `mlock` at the limit. */
    readonly codes: readonly string[];
    /** Whether the limit does not apply to this process. */
    readonly isExempt: ((library: CLibrary) => boolean) | undefined;
  };
  /** The numbers of `madvise` for each supported advice. */
  readonly advice: Readonly<Partial<Record<Advice, number>>>;
  /**
   * Opens the call that locks private mappings of files without copying their pages; `undefined` if
   * the system has none.
   */
  readonly locking: ((library: CLibrary, calls: LockingCalls) => LockingCalls["lock"]) | undefined;
}

/** The most pages for one call of `mincore`, which writes one byte for each. */
const STRETCH_PAGES = 65_536;

/** Opens the calls. */
export function posixResidency(
  library: CLibrary,
  { lockLimits, advice: numbers, locking }: ResidencyFacts,
): Residency {
  const { open, failed, pageSize } = library;
  const { madvise, mlock, munlock, mincore } = open(
    POSIX,
    "madvise",
    "mlock",
    "munlock",
    "mincore",
  );

  const advise: Residency["advise"] = (address, byteLength, advice) => {
    const number = own(numbers, advice);
    if (number === undefined) return "unsupported";
    return madvise(address, byteLength, number) === 0 ? undefined : failed("madvise");
  };

  const lock: LockingCalls["lock"] = (address, byteLength) =>
    mlock(address, byteLength) === 0 ? undefined : failed("mlock");
  const unlock: Residency["unlock"] = (address, byteLength) =>
    munlock(address, byteLength) === 0 ? undefined : failed("munlock");
  const populate: Residency["populate"] = (address, byteLength, forWriting) => {
    const failure = advise(address, byteLength, forWriting ? "populate-write" : "populate-read");
    // Older kernels refuse the advice.
    return typeof failure === "object" && failure.code === "EINVAL" ? "unsupported" : failure;
  };
  const limitOf = lazily(() => limitReader(library));
  const lockOfFile = lazily(() => locking?.(library, { lock, unlock, populate }) ?? lock);

  return {
    advise,

    lock: (address, byteLength, areOfPrivateFile) =>
      (areOfPrivateFile ? lockOfFile() : lock)(address, byteLength),
    unlock,

    lockLimit(code) {
      if (!lockLimits.codes.includes(code)) return undefined;
      const bytes = limitOf()(lockLimits.RLIMIT_MEMLOCK);
      return bytes === undefined || lockLimits.isExempt?.(library)
        ? undefined
        : `RLIMIT_MEMLOCK (ulimit -l) above its ${bytes} bytes`;
    },

    resident(address, byteLength) {
      const total = Number(byteLength) / pageSize;
      const vector = new Uint8Array(Math.ceil(Math.min(total, STRETCH_PAGES) / 4) * 4);
      let resident = 0;
      for (let page = 0; page < total; page += STRETCH_PAGES) {
        const pages = Math.min(STRETCH_PAGES, total - page);
        vector.fill(0, pages);
        const start = address + BigInt(page * pageSize);
        if (mincore(start, BigInt(pages * pageSize), vector) !== 0) return failed("mincore");
        resident += countOdd(vector);
      }
      return resident * pageSize;
    },

    populate,
  };
}

/** Counts the bytes whose lowest bit is set, four at a time. */
function countOdd(bytes: Uint8Array): number {
  let count = 0;
  for (const word of new Uint32Array(bytes.buffer)) {
    // The highest byte of the product is the sum of all four.
    if (word !== 0) count += Math.imul(word & 0x0101_0101, 0x0101_0101) >>> 24;
  }
  return count;
}
