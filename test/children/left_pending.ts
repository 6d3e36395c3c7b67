/**
 * Tests for the runner that the runtime has: one leaves a wait pending, as one that fails before it
 * notifies does, and others end theirs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MmapOptions } from "../../mod.ts";

const mmap = new MmapOptions({ len: 64 }).mapAnon();

test("leaves one pending, and fails", () => {
  mmap.waitAsync(0, 0, { ref: false }).catch(() => {});
  assert.fail("before it notifies");
});

test("aborts one that holds the process", async () => {
  const controller = new AbortController();
  const wait = mmap.waitAsync(4, 0, { signal: controller.signal });
  controller.abort("enough");
  assert.equal(await wait.catch((reason) => reason), "enough");
});

test("closes one that holds the process", async () => {
  const other = new MmapOptions({ len: 64 }).mapAnon();
  const wait = other.waitAsync(0, 0);
  other.unmap();
  assert.equal(await wait.catch(({ code }) => code), "EBADF");
});
