/**
 * A write-ahead log in a mapped file, and its crash test: a process appends records and
 * acknowledges each; it is killed at a random moment, again and again. No acknowledged record may be
 * lost, and a record that was only half stored must not be found.
 *
 * `deno run -A examples/write_ahead_log.ts [CRASHES]`, `bun examples/write_ahead_log.ts` or
 * `node examples/write_ahead_log.ts`. The default is 20 crashes.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { spawn } from "node:child_process";
import { statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Mmap, MmapOptions } from "../mod.ts";
import { ownProgram } from "./programs.ts";
import { inTempFolder } from "./temp_folder.ts";

const STDOUT = 1;
/** The length of a new log, which doubles when it is full. */
const BYTE_LENGTH = 2 ** 16;
/** A record: the length of its content, a checksum, the content, and zeros up to a multiple of 4. */
const HEADER = 8;

/** A log in a file, which one process at a time has open. */
class WriteAheadLog {
  readonly #mmap: Mmap;
  #end = 0;
  #flushed = 0;
  /** Continues that of the record before, so that leftovers of a crash never look like a record. */
  #checksum = 0;
  /** The records that were found when the log was opened. */
  readonly records: readonly string[];

  constructor(path: string) {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) {
      writeFileSync(path, new Uint8Array(BYTE_LENGTH));
    }
    this.#mmap = new MmapOptions().mapMut(path);
    this.records = [...this.#recover()];
  }

  // #region append
  /** Appends a record, which survives the end of the process. */
  append(record: string): void {
    const content = new TextEncoder().encode(record);
    const end = endOf(this.#end, content.length);
    while (end > this.#mmap.byteLength) this.#mmap.resize(2 * this.#mmap.byteLength);
    this.#mmap.view(Uint8Array, this.#end + HEADER, content.length).set(content);
    this.#checksum = checksumOf(content, this.#checksum);
    const header = this.#mmap.view(Uint32Array, this.#end, HEADER / 4);
    header.set([content.length, this.#checksum]);
    this.#end = end;
  }

  /**
   * Writes the records since the last call to the disk, so that they survive the end of the system.
   * It may write their pages in any order, and only some before the power fails: the checksum of a
   * record tells if it is whole, not the order of the stores.
   */
  flush(): void {
    this.#mmap.flush(this.#flushed, this.#end - this.#flushed);
    this.#flushed = this.#end;
  }
  // #endregion append

  /** True if there is a part of a record after the last one. */
  get isTorn(): boolean {
    return this.#mmap.view(Uint8Array, this.#end).some((byte) => byte !== 0);
  }

  close(): void {
    this.#mmap.unmap();
  }

  /** Reads the records up to the first that is not whole, in whose place the next one goes. */
  *#recover(): Iterable<string> {
    const { bytes, byteLength } = this.#mmap;
    while (this.#end + HEADER <= byteLength) {
      const [length, expected] = this.#mmap.view(Uint32Array, this.#end, HEADER / 4);
      if (length === 0 || endOf(this.#end, length!) > byteLength) return;
      const content = bytes.slice(this.#end + HEADER, this.#end + HEADER + length!);
      const checksum = checksumOf(content, this.#checksum);
      if (checksum !== expected) return;
      yield new TextDecoder().decode(content);
      this.#end = endOf(this.#end, length!);
      this.#checksum = checksum;
    }
  }
}

function endOf(start: number, length: number): number {
  return start + HEADER + Math.ceil(length / 4) * 4;
}

/** FNV-1a, continued from another checksum. A real log would take CRC-32C. */
function checksumOf(content: Uint8Array, seed: number): number {
  let hash = seed ^ 0x811c9dc5;
  for (const byte of content) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** The content of a record, of any length up to 3,000 bytes. */
function recordOf(index: number): string {
  return `${index} `.padEnd(index * 7919 % 3000, `${index % 10}`);
}

/**
 * Appends records until it is killed, in a process of its own. A flush for each, as a database has
 * it, takes so long that the kill would rarely come during a store.
 */
function appendForever(path: string): never {
  const log = new WriteAheadLog(path);
  for (let index = log.records.length;; index++) {
    log.append(recordOf(index));
    if (index % 500 === 0) log.flush();
    writeSync(STDOUT, `${index}\n`);
  }
}

/** Starts a writer and kills it; returns the number of records that it has acknowledged. */
function crash(path: string): Promise<number> {
  const { command, args } = ownProgram();
  const child = spawn(command, [...args, fileURLToPath(import.meta.url), "append", path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  let isKilled = false;
  const kill = () => {
    isKilled = child.kill("SIGKILL");
  };
  child.stdout.on("data", (data: Uint8Array) => {
    if (output === "") setTimeout(kill, 5 * Math.random());
    output += String(data);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => {
      if (!isKilled) return reject(new Error("The writer has failed"));
      // The last line may be cut off.
      resolve(Number(output.split("\n").at(-2) ?? -1) + 1);
    });
  });
}

async function test(folder: string, crashes: number): Promise<void> {
  let torn = 0;
  for (let round = 0; round < crashes; round++) {
    const path = join(folder, `${Math.floor(round / 10)}.log`); // ten crashes for each log
    const acknowledged = await crash(path);
    const log = new WriteAheadLog(path);
    const found = log.records.length;
    if (log.isTorn) torn++;
    log.close();
    ok(found >= acknowledged, `${acknowledged - found} records are lost`);
    // The process may have been killed between a record and its acknowledgement.
    ok(found <= acknowledged + 1, `${found} records, and ${acknowledged} acknowledged`);
    deepStrictEqual(log.records, Array.from({ length: found }, (_, index) => recordOf(index)));
  }
  console.log(`${crashes} crashes, ${torn} during a store: no acknowledged record is lost`);
}

const [argument = "20", path] = process.argv.slice(2);
if (path !== undefined) appendForever(path);
await inTempFolder((folder) => test(folder, Number(argument)));
