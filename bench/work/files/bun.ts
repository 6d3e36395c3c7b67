/**
 * Types of Bun's own means.
 *
 * @module
 */

/** A file of Bun. */
interface BunFile {
  bytes(): Promise<Uint8Array>;
  slice(start: number, end: number): BunFile;
  stream(): ReadableStream<Uint8Array>;
}

/** The part of `Bun` that is used. */
export interface BunFiles {
  file(path: string): BunFile;
  mmap(path: string): Uint8Array;
}

/** Bun, where this is Bun. */
export const Bun: BunFiles = (globalThis as unknown as { readonly Bun: BunFiles }).Bun;
