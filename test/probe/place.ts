/**
 * The place of one call of the probe: mappings, files and names, which go when it has ended.
 *
 * @module
 */
import { closeSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Mmap, MmapError, MmapOptions, pageSize, removeShared } from "../../mod.ts";

/** Thrown if the runtime cannot prepare a call: it says nothing of the call itself. */
export class Unprepared extends Error {
  override readonly name = "Unprepared";
}

function prepare<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new Unprepared(String(cause), { cause });
  }
}

/** The tools of one call. */
export class Place {
  readonly page: number = pageSize();
  readonly #folder: string;
  readonly #mappings: Mmap[] = [];
  readonly #paths: string[] = [];
  readonly #names: string[] = [];
  readonly #descriptors: number[] = [];
  #count = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Has a mapping unmapped at the end. */
  kept(mmap: Mmap): Mmap {
    this.#mappings.push(mmap);
    return mmap;
  }

  /** Anonymous memory of so many pages. */
  memory(pages: number = 4): Mmap {
    return this.kept(new MmapOptions({ len: pages * this.page }).mapAnon());
  }

  /** A file of so many pages of ones, or of none that the disk has. */
  file(pages: number = 4, isSparse: boolean = false): string {
    const path = join(this.#folder, `sysalloc-probe-${process.pid}-${this.#count++}`);
    this.#paths.push(path);
    prepare(() => writeFileSync(path, new Uint8Array(isSparse ? 0 : pages * this.page).fill(1)));
    if (isSparse) this.truncate(path, pages);
    return path;
  }

  /** Makes a file so many pages long. */
  truncate(path: string, pages: number): void {
    prepare(() => truncateSync(path, pages * this.page));
  }

  /** Reads a byte of a file by the runtime. */
  byteOf(path: string, index: number): number | undefined {
    return prepare(() => readFileSync(path))[index];
  }

  /** A descriptor of a file. */
  descriptor(path: string): number {
    const descriptor = prepare(() => openSync(path, "r+"));
    this.#descriptors.push(descriptor);
    return descriptor;
  }

  /** A name of shared memory, which is removed at the end. */
  name(): string {
    const name = `sysalloc-probe-${process.pid}-${this.#count++}`;
    this.#names.push(name);
    return name;
  }

  /** Shared memory that is made. */
  shared(pages: number = 4): Mmap {
    const options = new MmapOptions({ len: pages * this.page });
    return this.kept(options.mapShared(this.name(), { mode: "create" }));
  }

  /** Ends all that was made; returns what was refused. */
  clear(): unknown[] {
    const errors: unknown[] = [];
    const attempt = (work: () => void) => {
      try {
        work();
      } catch (error) {
        errors.push(error);
      }
    };
    for (const mmap of this.#mappings.splice(0)) attempt(() => mmap.unmap());
    for (const name of this.#names.splice(0)) {
      attempt(() => {
        try {
          removeShared(name);
        } catch (error) {
          // Where none could be made, none is removed.
          if (!(error instanceof MmapError)) throw error;
        }
      });
    }
    for (const descriptor of this.#descriptors.splice(0)) attempt(() => closeSync(descriptor));
    for (const path of this.#paths.splice(0)) attempt(() => rmSync(path, { force: true }));
    return errors.filter((error) => error instanceof MmapError || isOwn(error));
  }
}

/** An error that is neither the library's refusal nor the runtime's is a fault. */
function isOwn(error: unknown): boolean {
  return typeof (error as { code?: unknown })?.code !== "string";
}

/** Throws where something is not what it must be. */
export function same(found: unknown, expected: unknown): void {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${a} in place of ${b}`);
}
