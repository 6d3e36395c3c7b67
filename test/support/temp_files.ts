/**
 * Files for tests, in a folder of their own that goes with the test.
 *
 * @module
 */
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mmap } from "../../mod.ts";
import { platform } from "./harness.ts";

/**
 * A folder that is removed when it is disposed. Windows removes no file that is
 * mapped, and one that was viewed stays so until the views are collected: there
 * it can be left behind.
 */
export class TempFolder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "sysalloc-"));

  /** Makes a file that holds `bytes`. */
  file(name: string, bytes: Uint8Array): string {
    const path = join(this.path, name);
    writeFileSync(path, bytes);
    return path;
  }

  /** Makes a file of so many bytes, of which none is on the disk. */
  sparse(name: string, byteLength: number): string {
    const path = this.file(name, new Uint8Array(0));
    truncateSync(path, byteLength);
    return path;
  }

  [Symbol.dispose](): void {
    try {
      rmSync(this.path, { recursive: true, force: true });
    } catch (error) {
      if (platform !== "win32") throw error;
    }
  }
}

/** Makes bytes that tell where they are. */
export function pattern(byteLength: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: byteLength }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
}

/** Reads bytes of a file by the runtime. */
export function contents(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}

/** The number of descriptors that are open, of one file or in all. */
export function openDescriptors(path?: string): number {
  const names = readdirSync("/proc/self/fd");
  return path === undefined ? names.length : names.filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false; // closed since
    }
  }).length;
}

/** A reason to skip what needs {@linkcode openDescriptors}. */
export const withoutDescriptors: string | undefined = platform === "linux"
  ? undefined
  : "only Linux lists what is open";

/** A reason to skip what has a process of Linux become another user. */
export function withoutOtherUsers(): string | undefined {
  if (process.getuid?.() !== 0) return "only root can become another user";
  // Each line: the first user here, the one outside, how many there are.
  const ranges = readFileSync("/proc/self/uid_map", "utf8").trim().split("\n");
  return ranges.some((range) => Number(range.trim().split(/\s+/)[2]) > 1)
    ? undefined
    : "this namespace has one user";
}

/** The ways to map a file, by their names. */
export const CALLS = ["map", "mapMut", "mapRead", "mapExec"] as const;

/** Whether the memory of a way to map a file has views. */
export function hasViews(call: typeof CALLS[number]): boolean {
  return call === "map" || call === "mapMut";
}

/** Reads from a mapping, whether it has views or not. */
export function readBytes(mmap: Mmap, byteLength: number, byteOffset: number = 0): Uint8Array {
  const target = new Uint8Array(byteLength);
  mmap.read(target, byteOffset);
  return target;
}
