/**
 * A temporary folder for the files of an example.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** Calls a function with a new folder, and removes the folder afterwards. */
export async function inTempFolder(call: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sysalloc-"));
  try {
    await call(folder);
  } finally {
    removeFolder(folder);
  }
}

/** Windows cannot delete a file until the collector has found its views. */
function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true });
  } catch (error) {
    if (process.platform !== "win32") throw error;
    console.log(`Still in use, delete later: ${folder}`);
  }
}
