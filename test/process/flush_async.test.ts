import { assertEquals, assertStringIncludes } from "@std/assert";
import { truncateSync } from "node:fs";
import { host } from "../../ffi/host.ts";
import { type Mmap, MmapError, MmapOptions } from "../../mod.ts";
import { childValue } from "../support/child_processes.ts";
import { codeOf } from "../support/errors.ts";
import { test, unlessLinux, use } from "../support/harness.ts";
import { TempFolder } from "../support/temp_files.ts";
import { PAGE, tempFile } from "../support/waits.ts";

function map(): Mmap {
  return use(new MmapOptions().mapMut(tempFile(4 * PAGE)));
}

/** How a promise ends: the code or the name of an error, or "done". */
function endOf(promise: Promise<void>): Promise<string> {
  return promise.then(() => "done", (error) => error.code ?? error.name ?? error);
}

test("flushAsync() resolves when a file is written, in parts, at once and again", async () => {
  const mmap = map();
  mmap.bytes.fill(7);
  await mmap.flushAsync();
  await Promise.all([mmap.flushAsync(1, 5), mmap.flushAsync(BigInt(PAGE)), mmap.flushAsync()]);
  mmap.protect("read-write"); // nothing is pending
  mmap.resize(8 * PAGE);
  await mmap.flushAsync(7 * PAGE);
});

test("flushAsync() does nothing when stores reach no file", async () => {
  const path = tempFile(PAGE);
  const options = new MmapOptions({ len: PAGE });
  for (const mmap of [options.mapAnon(), options.map(path), options.mapRead(path)]) {
    await mmap.flushAsync();
    mmap.unmap();
  }
});

test("unmap() rejects a pending flushAsync(), and resize() waits for it", async () => {
  for (const isViewed of [false, true]) {
    const mmap = map();
    if (isViewed) mmap.bytes.fill(1);
    const pending = endOf(mmap.flushAsync());
    assertEquals(codeOf(() => mmap.resize(PAGE)), "EBUSY");
    mmap.unsafeProtect("read"); // the system writes pages of any access
    mmap.unmap();
    assertEquals([mmap.closed, await pending], [true, "EBADF"]);
    assertEquals(await endOf(mmap.flushAsync()), "EBADF");
  }
});

test("flushAsync() rejects with the reason of a signal, before and during the flush", async () => {
  const mmap = map();
  for (const [start, end] of [[0, "enough"], [16, "enough"], [2 * PAGE, "enough"]] as const) {
    const before = mmap.flushAsync(start, 1, { signal: AbortSignal.abort("enough") });
    const controller = new AbortController();
    const during = mmap.flushAsync(start, 1, { signal: controller.signal });
    controller.abort("enough");
    assertEquals([await endOf(before), await endOf(during)], [end, end]);
    mmap.resize(4 * PAGE); // nothing is pending
  }
  const late = new AbortController();
  await mmap.flushAsync(0, PAGE, { signal: late.signal });
  late.abort();
});

test("flushAsync() rejects bad arguments, and does not throw", async () => {
  const mmap = map();
  const calls: readonly (readonly [args: unknown[], end: string])[] = [
    [["0"], "TypeError"],
    [[NaN], "TypeError"],
    [[-1], "RangeError"],
    [[4 * PAGE + 1], "RangeError"],
    [[0, 4 * PAGE + 1], "RangeError"],
    [[0, 1, null], "TypeError"],
    [[0, 1, { ref: true }], "TypeError"],
    [[0, 1, { signal: { aborted: false } }], "TypeError"],
    [[0, 1, { signal: null }], "TypeError"],
  ];
  for (const [args, end] of calls) {
    assertEquals(await endOf(mmap.flushAsync(...args as [number])), end, String(args));
  }
});

test("flushAsync() rejects as flush() throws when the system refuses", async () => {
  const mmap = map();
  const { files } = host().os;
  const { prepareFlush } = files;
  Object.assign(files, {
    prepareFlush: (...[file, address, byteLength]: Parameters<typeof prepareFlush>) =>
      prepareFlush(file, address + 1n, byteLength),
  });
  try {
    const error = await mmap.flushAsync().catch((error) => error);
    assertEquals([error instanceof MmapError, error.syscall, error.code], [
      true,
      "msync",
      "EINVAL",
    ]);
    assertStringIncludes(error.message, "to flush");
  } finally {
    Object.assign(files, { prepareFlush });
  }
}, { skip: unlessLinux("others round an address down") });

test("flushAsync() is EFAULT when the file has lost a page", async () => {
  const path = tempFile(4 * PAGE);
  const mmap = use(new MmapOptions().mapMut(path));
  void mmap.bytes[0];
  truncateSync(path, PAGE);
  if (!mmap.truncationGuarded) return;
  void mmap.bytes[3 * PAGE];
  assertEquals(await endOf(mmap.flushAsync()), "EFAULT");
  await mmap.flushAsync(0, PAGE);
}, { skip: unlessLinux("only Linux has a guard") });

test("flushAsync() rejects when there is no room for a thread, and works again afterwards", async () => {
  const mmap = map();
  const { os } = host();
  void os.threadShortage;
  const before = Object.getOwnPropertyDescriptor(os, "threadShortage")!;
  const value = () => ({ code: "ENOMEM", words: "no room" });
  Object.defineProperty(os, "threadShortage", { value, configurable: true });
  try {
    // At most two threads are idle.
    const errors = await Promise.all(
      [0, 1, 2].map(() => mmap.flushAsync().catch((error) => error)),
    );
    assertEquals(errors[2].code, "ENOMEM");
    assertEquals(errors[2].message, "No thread is available for flushAsync(): no room");
  } finally {
    Object.defineProperty(os, "threadShortage", before);
  }
  mmap.resize(5 * PAGE); // nothing is pending
  await mmap.flushAsync();
});

test("a pending flushAsync() keeps the process alive", async () => {
  const path = use(new TempFolder()).file("file", new Uint8Array(PAGE));
  assertEquals(await childValue("wait_async.ts", { args: ["flushed", path] }), "flushed");
});
