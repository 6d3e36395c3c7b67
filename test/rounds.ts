/**
 * How much of the suite a run is to take. A module of its own, because children
 * without permissions may not read the environment.
 *
 * @module
 */

/** The matrices ask for one round: they have many runtimes, and emulate some. */
export const isShort: boolean = process.env["SYSALLOC_ROUNDS"] !== undefined;
