/**
 * The source of a thread that writes pages back for `flushAsync()` on Linux and macOS.
 * `scripts/thread_sources.ts` compiles it into `flushing_thread_code.ts`.
 *
 * @module
 */
import type { Functions, Native } from "../../symbols.ts";
import type { FlushReport } from "../contract/files.ts";

/** One flush. */
export interface FlushJob {
  /** The file name of the C library. */
  readonly library: string;
  /** The function that returns the address of the thread's `errno`. */
  readonly errnoLocation: "__errno_location" | "__error";
  readonly address: bigint;
  readonly byteLength: bigint;
  /** `MS_SYNC` */
  readonly MS_SYNC: number;
}

const MSYNC = { msync: { parameters: ["usize", "usize", "i32"], result: "i32" } } as const;
const LOCATION = { parameters: [], result: "usize" } as const;

/** See {@linkcode Files.flushSource}. */
export default function work({ open, view }: Native): (job: FlushJob) => FlushReport {
  let msync: Functions<typeof MSYNC>["msync"] | undefined;
  let errno: Int32Array | undefined;
  return ({ library, errnoLocation, address, byteLength, MS_SYNC }) => {
    if (msync === undefined || errno === undefined) {
      msync = open(library, MSYNC).msync;
      const location = open(library, { [errnoLocation]: LOCATION })[errnoLocation]!();
      // Read from memory right after the call: a runtime makes other calls between two calls of C.
      errno = new Int32Array(view(BigInt(location), 4));
    }
    const result = msync(address, byteLength, MS_SYNC);
    return result === 0 ? { ending: "flushed" } : { syscall: "msync", osError: errno[0]! };
  };
}
