/**
 * Shared by the tests of waiting.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import { type Mmap, MmapOptions, pageSize } from "../../mod.ts";
import { use } from "./harness.ts";
import { TempFolder } from "./temp_files.ts";

/** The page size in bytes. */
export const PAGE: number = pageSize();
void host().os.waiting; // opened before the tests: Deno counts a library that a test opens as a leak

/** Maps memory of two pages. */
export function map(): Mmap {
  return use(new MmapOptions({ len: 2 * PAGE }).mapAnon());
}

/** Makes a file. */
export function tempFile(byteLength: number): string {
  return use(new TempFolder()).sparse("file", byteLength);
}

/** Lets others have their turn. */
export function turn(ms: number = 1): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Wakes so many, as soon as they are there. */
export async function wake(mmap: Mmap, count: number = 1, byteOffset: number = 0): Promise<number> {
  let woken = 0;
  while (woken < count) {
    woken += mmap.notify(byteOffset, count - woken);
    await turn();
  }
  return woken;
}
