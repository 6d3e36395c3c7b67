/**
 * Stand-ins of calls that can fail.
 *
 * @module
 */
import { type Kernel, OVERWRITTEN, Refusal } from "./kernel.ts";
import type { StandIns } from "./runtime.ts";

/** The tools that make the stand-ins of a system's calls. */
export interface Calls {
  readonly kernel: Kernel;
  /** Sets what the system tells of its last call. */
  readonly setError: (error: number) => void;
  /** Makes calls that return `failed` when they fail. */
  readonly failing: (failed: number | bigint, functions: StandIns) => StandIns;
  /** Makes calls that return the system's number for success, or failure, unless they return another. */
  readonly status: (functions: StandIns) => StandIns;
}

/** The calls of a system that has these numbers for failure and for success. */
export function callsOf(
  kernel: Kernel,
  setError: (error: number) => void,
  failed: number,
  succeeded: number,
): Calls {
  const failing = (failed: number | bigint, functions: StandIns): StandIns => {
    const entries = Object.entries(functions).map(([name, call]) => {
      const standIn = (...args: never[]) => {
        const error = kernel.called(name);
        setError(error ?? OVERWRITTEN);
        if (error !== undefined) return failed;
        try {
          return call(...args) ?? succeeded;
        } catch (refusal) {
          if (!(refusal instanceof Refusal)) throw refusal;
          setError(refusal.error);
          return failed;
        }
      };
      return [name, standIn] as const;
    });
    return Object.fromEntries(entries);
  };
  return { kernel, setError, failing, status: (functions) => failing(failed, functions) };
}
