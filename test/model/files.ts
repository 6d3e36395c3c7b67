/**
 * The files that sequences map, and what is done to them besides the library's calls.
 *
 * @module
 */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Mismatch, PAGE, type TestFile } from "./world.ts";

function made(folder: string, name: string, byteLength: number): TestFile {
  const path = join(folder, name);
  const initial = new Uint8Array(byteLength).map((_, at) => at * 7 + (at >> 8));
  writeFileSync(path, initial);
  const fd = openSync(path, "r+");
  return { path, fd, initial, bytes: initial.slice(), isDirty: false };
}

/** Makes a file as it was at first. */
export function renew(file: TestFile): void {
  const { fd, initial } = file;
  writeSync(fd, initial, 0, initial.length, 0);
  file.isDirty = false;
  if (file.bytes.length === initial.length) {
    file.bytes.set(initial);
    return;
  }
  file.bytes = initial.slice();
  try {
    ftruncateSync(fd, initial.length);
  } catch {
    // Windows truncates no file that is still mapped: it stays longer, and zero there.
    const { length } = readFileSync(file.path);
    file.bytes = new Uint8Array(length);
    file.bytes.set(initial);
    writeSync(fd, file.bytes, 0, length, 0);
  }
}

/** The files that sequences map. */
export class Files {
  readonly folder: string;
  readonly all: readonly TestFile[];
  /** One that is truncated while it is mapped, once at a time. */
  readonly fragile: TestFile;
  readonly empty: string;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "sysalloc-model-"));
    // Nothing waits for a disk there.
    const memory = existsSync("/dev/shm") ? mkdtempSync("/dev/shm/sysalloc-model-") : this.folder;
    this.#folders = new Set([this.folder, memory]);
    this.empty = join(this.folder, "empty");
    writeFileSync(this.empty, "");
    this.all = [
      made(memory, "file0", 4 * PAGE),
      made(memory, "file1", 3 * PAGE + 100),
      made(this.folder, "file2", 2 * PAGE + 1),
    ];
    this.fragile = made(memory, "fragile", 4 * PAGE + 10);
  }

  readonly #folders: Set<string>;

  /** Compares the files with the model, and makes them as they were. */
  restore(): void {
    for (const file of [...this.all, this.fragile]) {
      if (!file.isDirty) continue;
      const content = readFileSync(file.path);
      const differs = content.findIndex((byte, at) => byte !== file.bytes[at]);
      renew(file);
      if (differs < 0) continue;
      throw new Mismatch("content", `The file ${file.path} differs at byte ${differs}`);
    }
  }

  remove(): void {
    for (const { fd } of [...this.all, this.fragile]) closeSync(fd);
    for (const folder of this.#folders) {
      try {
        rmSync(folder, { recursive: true, force: true });
      } catch {
        // Windows removes no file that is still mapped.
      }
    }
  }
}
