/**
 * The errors that calls throw.
 *
 * @module
 */
import { assert, assertThrows } from "@std/assert";
import { MmapError } from "../../mod.ts";

/** The code of the {@linkcode MmapError} that a call throws; what else it throws, or returns, as text. */
export function codeOf(call: () => unknown): string {
  try {
    return String(call());
  } catch (error) {
    return error instanceof MmapError ? error.code : `${(error as Error).name}`;
  }
}

/** The {@linkcode MmapError} that a call throws, whose message is no sentence. */
export function errorOf(call: () => unknown): MmapError {
  const error = assertThrows(call, MmapError) as MmapError;
  assert(!error.message.endsWith("."), error.message);
  return error;
}
