// Uses each part of the package once. It says nothing of how they work, only whether
// they do in the bundle, test runner or executable that this is in.
import assert from "node:assert/strict";
import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { Mmap, MmapError, MmapOptions, pageSize, regions, removeShared } from "sysalloc";

const FEATURES = {
  memory() {
    const memory = new MmapOptions({ len: 65_536 }).mapAnon();
    const floats = memory.view(Float64Array);
    floats[1] = 0.5;
    assert.equal(memory.bytes[14], 0xe0);
    memory.unmap();
    assert.equal(floats.length, 0);
    assert.throws(() => memory.bytes, (error) => error instanceof MmapError);
  },

  files: () =>
    withFile(8, (path) => {
      const stored = new MmapOptions().mapMut(path);
      stored.bytes[0] = 42;
      stored.flush();
      const seen = new MmapOptions().map(path);
      assert.equal(seen.bytes[0], 42);
      seen.unmap();
      stored.unmap();
    }),

  "a truncated file": () =>
    withFile(2 * pageSize(), (path) => {
      const guarded = new MmapOptions().truncationGuard().map(path);
      truncateSync(path, 0);
      assert.equal(guarded.bytes[pageSize()], 0);
      assert.equal(guarded.truncated, true);
      guarded.unmap();
    }),

  "shared names"() {
    const name = `embedding-${process.pid}-${Date.now()}`;
    const mine = new MmapOptions({ len: 4096 }).mapShared(name, { mode: "create" });
    const theirs = new MmapOptions().mapShared(name);
    removeShared(name);
    mine.bytes[0] = 42;
    assert.equal(theirs.bytes[0], 42);
    theirs.unmap();
    mine.unmap();
  },

  async "tickets, and waitAsync()"() {
    const memory = new MmapOptions({ len: 4096 }).mapAnon();
    const worker = new Worker(process.env.EMBEDDING_WORKER, { workerData: memory.share() });
    const ended = new Promise((resolve, reject) => {
      worker.on("error", reject);
      worker.on("exit", resolve);
    });
    const [result] = await Promise.all([memory.waitAsync(0, 0, { timeout: 20_000 }), ended]);
    assert.notEqual(result, "timed-out");
    assert.equal(memory.view(Int32Array)[0], 42);
    memory.unmap();
  },

  async prefault() {
    const memory = new MmapOptions({ len: 2 ** 22 }).mapAnon();
    await memory.prefault();
    assert.equal(memory.resident(), memory.byteLength);
    memory.unmap();
  },

  regions() {
    const memory = new MmapOptions({ len: 4096 }).mapAnon();
    const { address } = memory;
    assert(
      regions().some((region) => {
        return region.address <= address && address < region.address + BigInt(region.byteLength);
      }),
    );
    memory.unmap();
  },

  "koffi of this folder"() {
    const { createRequire, isBuiltin } = process.getBuiltinModule("node:module");
    if (process.versions.bun || isBuiltin("node:ffi")) return;
    const native = Object.keys(createRequire(process.execPath).cache)
      .filter((path) => path.endsWith("koffi.node"));
    const others = native.filter((path) => !path.startsWith(process.cwd() + sep));
    assert(native.length > 0, "no koffi was loaded");
    assert.deepEqual(others, [], "loaded from elsewhere");
  },
};

/** Tries all of it, and tells how much that was. */
export async function tryAll() {
  for (const [name, tries] of Object.entries(FEATURES)) {
    try {
      await tries();
    } catch (error) {
      throw new Error(`${name}: ${error?.message}`, { cause: error });
    }
  }
  return `${Object.keys(FEATURES).length} features work`;
}

/** What a worker does with the ticket that it gets. */
export function answer(ticket) {
  const memory = Mmap.fromTicket(ticket);
  Atomics.store(memory.view(Int32Array), 0, 42);
  memory.notify(0);
  memory.unmap();
}

function withFile(byteLength, use) {
  const path = join(tmpdir(), `embedding-${process.pid}-${byteLength}`);
  writeFileSync(path, new Uint8Array(byteLength));
  try {
    use(path);
  } finally {
    rmSync(path);
  }
}
