/**
 * The files that are measured: a log, of each size that is asked for, and others.
 *
 * @module
 */
import { type Benchmark, MIB } from "../catalogue/benchmark.ts";
import { Random } from "../work/common.ts";
import { JOB_FILES } from "./job_files.ts";

/** The length after which a log repeats itself. */
const DIFFERENT = 16 * MIB;

/** Files in a folder of their own. */
export class WorkFiles {
  readonly #folder: string;
  #text: Uint8Array<ArrayBuffer> | undefined;

  /** `folder` is there, and is removed by who made it. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The path of a benchmark's file, which is made where it is not there. */
  async path({ file }: Pick<Benchmark, "file">, size: number): Promise<string> {
    const path = `${this.#folder}/${nameOf(file ?? "none")}-${size}`;
    if (file === undefined || await exists(path)) return path;
    const writer = JOB_FILES[file];
    if (writer !== undefined) {
      await writer(path, size);
      return path;
    }
    using opened = await Deno.open(path, { createNew: true, write: true });
    if (file === "log" || file === "scratch") await this.#writeLog(opened, size);
    else await opened.truncate(file === "words" ? 4096 : size);
    await opened.sync(); // or it would be written while others are measured
    return path;
  }

  /** Removes the files that only one benchmark uses. */
  async removeOthers({ file }: Pick<Benchmark, "file">): Promise<void> {
    if (file === undefined || file === "log") return;
    for await (const { name } of Deno.readDir(this.#folder)) {
      if (!name.startsWith(`${nameOf(file)}-`)) continue;
      await Deno.remove(`${this.#folder}/${name}`, { recursive: true });
    }
  }

  async #writeLog(file: Deno.FsFile, size: number): Promise<void> {
    const text = this.#text ??= logText();
    for (let written = 0; written < size;) {
      written += await file.write(text.subarray(0, Math.min(text.length, size - written)));
    }
  }
}

/** One word, since a line that asks for a round has the path as one. */
function nameOf(kind: string): string {
  return kind.replace(" ", "-");
}

/** Lines as servers write them, of many lengths. */
function logText(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(DIFFERENT);
  const encoder = new TextEncoder();
  const random = new Random();
  const levels = ["DEBUG", "INFO", "WARN", "ERROR"];
  for (let at = 0, number = 0; at < bytes.length; number++) {
    const took = `took ${random.next(1000)} ms${", and waited".repeat(random.next(8))}`;
    const line = `${1_700_000_000_000 + 7 * number} ${
      levels[random.next(4)]
    } request ${number} ${took}\n`;
    at += encoder.encodeInto(line, bytes.subarray(at)).written;
    if (bytes.length - at < 256) at += bytes.subarray(at).fill(10).length;
  }
  return bytes;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
