/**
 * The source of a thread that writes pages back for `flushAsync()` on Windows.
 * `scripts/thread_sources.ts` compiles it into `flushing_thread_code.ts`.
 *
 * @module
 */
import type { Functions, Native } from "../../symbols.ts";
import type { FlushReport } from "../contract/files.ts";

/** One flush. */
export interface FlushJob {
  /** Windows flushes no range of several views by one call. */
  readonly ranges: readonly (readonly [address: bigint, byteLength: bigint])[];
  /** A handle of the file for this flush alone; `undefined` for named memory. */
  readonly file: bigint | undefined;
}

const FUNCTIONS = {
  FlushViewOfFile: { parameters: ["usize", "usize"], result: "i32" },
  FlushFileBuffers: { parameters: ["usize"], result: "i32" },
  GetLastError: { parameters: [], result: "u32" },
} as const;

/** See {@linkcode Files.flushSource}. */
export default function work({ open }: Native): (job: FlushJob) => FlushReport {
  let c: Functions<typeof FUNCTIONS> | undefined;
  return ({ ranges, file }) => {
    c ??= open("kernel32.dll", FUNCTIONS);
    const failed = (syscall: string) => ({ syscall, osError: c!.GetLastError() >>> 0 });
    for (let index = 0; index < ranges.length; index++) {
      const { 0: address, 1: byteLength } = ranges[index]!;
      if (c.FlushViewOfFile(address, byteLength) === 0) return failed("FlushViewOfFile");
    }
    if (file === undefined || c.FlushFileBuffers(file) !== 0) return { ending: "flushed" };
    return failed("FlushFileBuffers");
  };
}
