/**
 * Simulated systems for the tests of named memory.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { AdvisedFailure } from "../../../ffi/os/contract/memory.ts";
import {
  type Argument,
  forget,
  simulated,
  type SimulatedName,
  type SimulatedSystem,
} from "./mod.ts";

/** Opens a system whose calls of named memory are open, and forgets what that took. */
export function opened(platform: SimulatedName): SimulatedSystem {
  const system = simulated(platform);
  void system.os.named;
  void system.os.files;
  forget(system);
  return system;
}

/** Calls, with C strings as text. */
export function calls({ runtime }: SimulatedSystem): (string | Argument)[][] {
  return runtime.calls.map(([name, ...args]) => [name, ...args.map(readable)]);
}

function readable(argument: Argument): Argument | string {
  if (typeof argument !== "object" || argument.at(-1) !== 0) return argument;
  const text = new TextDecoder().decode(argument.subarray(0, -1));
  return text.includes("\0") ? argument : text;
}

/** The file of a call that must succeed. */
export function obtained<T extends object>(result: T | AdvisedFailure): T {
  assert("file" in result, JSON.stringify(result));
  return result as T;
}

/** The failure of a call. */
export function refused(result: object): AdvisedFailure {
  assert("code" in result);
  return result as AdvisedFailure;
}
