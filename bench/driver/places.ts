/**
 * The folders that the benchmarks build, run and write.
 *
 * @module
 */
import { dirname } from "node:path";

/** The folder of the benchmarks. */
export const BENCH: string = dirname(import.meta.dirname!);
/** The repository. */
export const ROOT: string = dirname(BENCH);

/** An error's message, for results that are not of this clone alone. */
export function messageOf(error: unknown): string {
  return (error as Error).message.replaceAll(`${ROOT}/`, "");
}

/** The peers as built: it can be deleted. */
export const BUILT: string = `${ROOT}/.cache/bench`;
/** The npm packages that are measured beside sysalloc. */
export const NPM_PEERS: string = `${BUILT}/npm`;
/** The npm package of sysalloc. */
export const PACKAGE: string = `${ROOT}/npm`;
/** Programs that import sysalloc, or nothing. */
export const IMPORTING: string = `${BUILT}/importing`;
