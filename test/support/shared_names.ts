/**
 * Names of shared memory for tests, which go with the test.
 *
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import { type Mmap, MmapOptions, removeShared } from "../../mod.ts";
import { platform, use } from "./harness.ts";

/** The folder of shared memory on Linux. */
export const FOLDER = "/dev/shm";

/** A reason to skip what looks at {@linkcode FOLDER}. */
export const unlessFolder: string | undefined = platform === "linux" && existsSync(FOLDER)
  ? undefined
  : "only Linux has shared memory in a folder";

const PREFIX = `sysalloc-${process.pid}-`;
let count = 0;

/** A name that nobody else has; what has it is removed when it is disposed. */
export class SharedName implements Disposable {
  readonly name: string = `${PREFIX}${++count}`;

  [Symbol.dispose](): void {
    try {
      removeShared(this.name);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ENOENT") throw error;
    }
  }
}

/** A name that goes with the test. */
export function freshName(): string {
  return use(new SharedName()).name;
}

/** Makes memory of a name for the test. */
export function createShared(name: string, len: number): Mmap {
  return use(new MmapOptions({ len }).mapShared(name, { mode: "create" }));
}

/** Opens memory of a name for the test. */
export function openShared(name: string, len: number = 0): Mmap {
  return use(new MmapOptions({ len }).mapShared(name));
}

/** The names of this process that are left. */
export function leftNames(): string[] {
  return readdirSync(FOLDER).filter((name) => name.startsWith(PREFIX));
}
