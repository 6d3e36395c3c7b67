/**
 * The npm packages with add-ons, as far as they are used.
 *
 * @module
 */
import { createRequire } from "node:module";

/** Types of `@riaskov/mmap-io`. It unmaps when its buffer is collected, and not before. */
interface MmapIo {
  readonly PROT_READ: 1;
  readonly PROT_WRITE: 2;
  readonly MAP_SHARED: 1;
  readonly MAP_PRIVATE: 2;
  map(size: number, access: number, flags: number, file: number): Uint8Array;
  sync(buffer: Uint8Array, offset: number, length: number, waits: boolean): void;
}

const require = createRequire(import.meta.url);

/** Loads a package from where this module was bundled to. */
export function load<T>(name: string): T {
  const loaded = require(name) as T & { default?: T };
  return loaded.default ?? loaded;
}

/** `@riaskov/mmap-io`. */
export const mmapIo: MmapIo = load<MmapIo>("@riaskov/mmap-io");

/** Its access to all that is measured. */
export const READ_WRITE: number = mmapIo.PROT_READ | mmapIo.PROT_WRITE;

/** Linux's number: the package has no name for it. */
const MAP_ANONYMOUS = 0x20;

/** Maps anonymous memory by it. */
export function mapAnon(size: number): Uint8Array {
  return mmapIo.map(size, READ_WRITE, mmapIo.MAP_PRIVATE | MAP_ANONYMOUS, -1);
}
