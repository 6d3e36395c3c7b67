/**
 * Residency on Linux and macOS: `madvise`, `mlock`, `munlock` and `mincore`.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { own } from "../../own.ts";
import { lazily } from "../../lazily.ts";
import type { Failure } from "../contract/memory.ts";
import { posixLimits } from "./limits.ts";
import type { Advice, Residency } from "../contract/residency.ts";

const FUNCTIONS = {
  // int madvise(void *addr, size_t length, int advice)
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
  // int mlock(const void *addr, size_t len)
  mlock: { parameters: ["usize", "usize"], result: "i32" },
  // int munlock(const void *addr, size_t len)
  munlock: { parameters: ["usize", "usize"], result: "i32" },
  // int mincore(void *addr, size_t length, unsigned char *vec)
  mincore: { parameters: ["usize", "usize", "buffer"], result: "i32" },
} as const satisfies SymbolTable;

/** What a special way to lock is made of. */
export interface LockingCalls extends Pick<Residency, "unlock" | "populate"> {
  readonly lock: (address: bigint, byteLength: bigint) => Failure | undefined;
}

/** In what one POSIX system differs from another. */
export interface PosixResidency {
  /** The C library's name. */
  readonly library: string;
  /** What limits how much is locked. */
  readonly lockLimits: {
    readonly RLIMIT_MEMLOCK: number;
    /** The errors of `mlock` at the limit. */
    readonly codes: readonly string[];
    /** Whether the process has no such limit, whatever is set. */
    readonly isExempt:
      | ((native: Native, failed: (syscall: string) => Failure) => boolean)
      | undefined;
  };
  /** The numbers of `madvise`, for what the system has. */
  readonly advice: Readonly<Partial<Record<Advice, number>>>;
  /** Opens what locks private mappings of files, where `mlock` copies their pages and another call does not. */
  readonly locking:
    | ((
      native: Native,
      failed: (syscall: string) => Failure,
      calls: LockingCalls,
    ) => LockingCalls["lock"])
    | undefined;
}

/** How many pages one `mincore` tells of: its vector is of that many bytes. */
const STRETCH_PAGES = 65_536;

/** Opens them; `failed` makes the failure of a call from the thread's `errno`. */
export function posixResidency(
  native: Native,
  { library, lockLimits, advice: numbers, locking }: PosixResidency,
  pageSize: number,
  failed: (syscall: string) => Failure,
): Residency {
  const { madvise, mlock, munlock, mincore } = native.open(library, FUNCTIONS);

  const advise = (address: bigint, byteLength: bigint, advice: Advice) => {
    const number = own(numbers, advice);
    if (number === undefined) return "unsupported";
    return madvise(address, byteLength, number) === 0 ? undefined : failed("madvise");
  };

  const lock = (address: bigint, byteLength: bigint) =>
    mlock(address, byteLength) === 0 ? undefined : failed("mlock");
  const unlock = (address: bigint, byteLength: bigint) =>
    munlock(address, byteLength) === 0 ? undefined : failed("munlock");
  const populate: Residency["populate"] = (address, byteLength, forWriting) => {
    const failure = advise(address, byteLength, forWriting ? "populate-write" : "populate-read");
    // A kernel that has it not yet.
    return typeof failure === "object" && failure.code === "EINVAL" ? "unsupported" : failure;
  };
  const limitOf = lazily(() => posixLimits(native, library));
  const privateFiles = lazily(() => ({
    lock: locking?.(native, failed, { lock, unlock, populate }) ?? lock,
  }));

  return {
    advise,

    lock: (address, byteLength, areOfPrivateFile) =>
      areOfPrivateFile ? privateFiles().lock(address, byteLength) : lock(address, byteLength),
    unlock,

    lockLimit(code) {
      if (!lockLimits.codes.includes(code)) return undefined;
      const bytes = limitOf()(lockLimits.RLIMIT_MEMLOCK);
      return bytes === undefined || lockLimits.isExempt?.(native, failed)
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
    // The product's highest byte is the sum of all four.
    if (word !== 0) count += Math.imul(word & 0x0101_0101, 0x0101_0101) >>> 24;
  }
  return count;
}
