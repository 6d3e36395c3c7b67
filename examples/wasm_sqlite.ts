/**
 * Queries a database file with SQLite's own WebAssembly build, which reads the pages of the mapped
 * file in place. Beside it, the same after the file was copied into the module's memory.
 *
 * The module keeps its heap in its memory, so the file is mapped over a block that the module's
 * allocator has made. SQLite only reads here, and does not open a database in WAL mode like this.
 *
 * `deno run -A examples/wasm_sqlite.ts [ROWS]` or `node examples/wasm_sqlite.ts`. The default is
 * 1,000,000 rows. Not for Bun, whose engine may move the memory of this module.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import sqlite3InitModule from "@sqlite.org/sqlite-wasm";
import { MmapOptions, pageSize } from "../mod.ts";

const QUERIES = [
  "SELECT name FROM people WHERE id = 4711",
  "SELECT count(*) FROM people WHERE age = 30",
  "SELECT sum(age) FROM people",
];

const { wasm, capi, oo1, config } = await sqlite3InitModule();

// #region select
/** Queries the database that lies at an address of the module's memory. */
function select(query: string, address: number, byteLength: number): unknown {
  const db = new oo1.DB(":memory:");
  try {
    const { sqlite3_deserialize: deserialize, SQLITE_DESERIALIZE_READONLY: READONLY } = capi;
    db.checkRc(deserialize(db.pointer!, "main", address, byteLength, byteLength, READONLY));
    return db.selectValue(query);
  } finally {
    db.close();
  }
}

/** Maps the file over a block of the module's heap, and queries it there. */
function selectInPlace(query: string, path: string): unknown {
  // The file replaces whole pages, which must lie within the block.
  const block = wasm.alloc(statSync(path).size + 2 * pageSize());
  try {
    const byteOffset = Math.ceil(block / pageSize()) * pageSize();
    using mmap = new MmapOptions().into(config.memory, byteOffset).map(path);
    return select(query, byteOffset, mmap.byteLength);
  } finally {
    wasm.dealloc(block);
  }
}
// #endregion select

/** Reads the file, copies it into the module's heap, and queries it there. */
function selectInCopy(query: string, path: string): unknown {
  const bytes = readFileSync(path);
  const block = wasm.alloc(bytes.length);
  try {
    wasm.heap8u().set(bytes, block);
    return select(query, block, bytes.length);
  } finally {
    wasm.dealloc(block);
  }
}

/** Writes a file with a table of people, and an index of their ages. */
function writeDatabase(path: string, rows: number): void {
  const db = new oo1.DB(":memory:");
  try {
    db.exec(`
      CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INTEGER);
      WITH RECURSIVE numbers (id) AS (
        VALUES (1) UNION ALL SELECT id + 1 FROM numbers WHERE id < ${rows}
      )
      INSERT INTO people SELECT id, 'person ' || id, id % 100 FROM numbers;
      CREATE INDEX ages ON people (age);`);
    writeFileSync(path, capi.sqlite3_js_db_export(db.pointer!));
  } finally {
    db.close();
  }
}

/** Calls five times. Returns the result, and the median time in milliseconds. */
function timed<R>(call: () => R): [result: R, time: number] {
  let result: R;
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    result = call();
    return performance.now() - start;
  });
  return [result!, times.sort((a, b) => a - b)[2]!];
}

const folder = mkdtempSync(join(tmpdir(), "sysalloc-sqlite-"));
try {
  const path = join(folder, "people.db");
  writeDatabase(path, Number(process.argv[2] ?? 1_000_000));
  console.log(`SQLite ${capi.sqlite3_libversion()}, ${Math.round(statSync(path).size / 1e6)} MB`);
  for (const query of QUERIES) {
    const [found, inPlace] = timed(() => selectInPlace(query, path));
    const [expected, inCopy] = timed(() => selectInCopy(query, path));
    if (found !== expected) throw new Error(`${query}: ${found} instead of ${expected}`);
    console.log(`${query}: ${found}`);
    console.log(`  in place ${inPlace.toFixed(1)} ms, in a copy ${inCopy.toFixed(1)} ms`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
