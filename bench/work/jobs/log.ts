/**
 * A log of keys and values that survives the process, and an index of it in memory: half of the
 * operations put, the other half get. Each put is in the hands of the system before the next one.
 *
 * @module
 */
import { closeSync, openSync, readSync, truncateSync, writeSync } from "node:fs";
import process from "node:process";
import { MmapOptions } from "../../../mod.ts";
import { Random } from "../common.ts";
import { serveJob, type Way } from "./job.ts";

const VALUE = 100;

/** A store of values of 100 bytes. */
interface Store {
  put(key: string, value: Uint8Array): void;
  /** The value is valid until the next call. */
  get(key: string): Uint8Array | undefined;
  close(): void;
}

/** The file is long enough for all records: the length of a key, the key, the value. */
function mapped(path: string): Store {
  const mmap = new MmapOptions().mapMut(path);
  const { bytes } = mmap;
  const encoder = new TextEncoder();
  const index = new Map<string, number>();
  let end = 0;
  return {
    put(key, value) {
      const { written } = encoder.encodeInto(key, bytes.subarray(end + 1));
      const place = end + 1 + written;
      bytes.set(value, place);
      bytes[end] = written; // last: a record without its length is none
      index.set(key, place);
      end = place + VALUE;
    },
    get(key) {
      const place = index.get(key);
      return place === undefined ? undefined : bytes.subarray(place, place + VALUE);
    },
    close: () => mmap.unmap(),
  };
}

/** The same by calls of the system. */
function written(path: string): Store {
  const file = openSync(path, "r+");
  const record = new Uint8Array(256);
  const found = new Uint8Array(VALUE);
  const encoder = new TextEncoder();
  const index = new Map<string, number>();
  let end = 0;
  return {
    put(key, value) {
      const length = record[0] = encoder.encodeInto(key, record.subarray(1)).written;
      record.set(value, 1 + length);
      writeSync(file, record, 0, 1 + length + VALUE, end);
      index.set(key, end + 1 + length);
      end += 1 + length + VALUE;
    },
    get(key) {
      const place = index.get(key);
      if (place === undefined) return undefined;
      readSync(file, found, 0, VALUE, place);
      return found;
    },
    close: () => closeSync(file),
  };
}

/** What both SQLite modules have. */
interface Database {
  exec(sql: string): void;
  prepare(sql: string): {
    run(...values: unknown[]): unknown;
    get(...values: unknown[]): unknown;
  };
  close(): void;
}

/** `node:sqlite` or `bun:sqlite`. A put is safe from the end of the process, as with the others. */
function sqlite(path: string): Store {
  const builtin = (name: string) =>
    process.getBuiltinModule(name as "node:os") as unknown as Record<
      string,
      new (path: string) => Database
    >;
  const database = "bun" in process.versions
    ? new (builtin("bun:sqlite").Database!)(`${path}.sqlite`)
    : new (builtin("node:sqlite").DatabaseSync!)(`${path}.sqlite`);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  database.exec(
    "DROP TABLE IF EXISTS pairs; CREATE TABLE pairs (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID",
  );
  const putting = database.prepare("INSERT OR REPLACE INTO pairs VALUES (?, ?)");
  const getting = database.prepare("SELECT value FROM pairs WHERE key = ?");
  return {
    put: (key, value) => void putting.run(key, value),
    get: (key) => (getting.get(key) as { value: Uint8Array } | undefined)?.value,
    close: () => database.close(),
  };
}

const storing = (open: (path: string) => Store): Way => ({ path, size, operations }) => {
  truncateSync(path, 0);
  truncateSync(path, size);
  const value = new Uint8Array(VALUE);
  const number = new DataView(value.buffer);
  const count = operations / 2;
  return {
    run() {
      const store = open(path);
      for (let item = 0; item < count; item++) {
        number.setUint32(0, item);
        store.put(`user:${item}`, value);
      }
      const random = new Random();
      let sum = 0;
      for (let gets = 0; gets < count; gets++) {
        const { buffer, byteOffset } = store.get(`user:${random.next(count)}`)!;
        sum = (sum + new DataView(buffer, byteOffset).getUint32(0)) | 0;
      }
      store.close();
      return sum;
    },
  };
};

await serveJob({
  "sysalloc/log": storing(mapped),
  "fs/log": storing(written),
  "sqlite/log": storing(sqlite),
});
