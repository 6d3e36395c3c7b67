import { assertEquals, assertStrictEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { truncateSync } from "node:fs";
import { Mmap, MmapError, MmapOptions, type WaitAsyncOptions } from "../../mod.ts";
import { platform, test, unlessLinux, use } from "../support/harness.ts";
import { codeOf } from "../support/errors.ts";
import { map, PAGE, tempFile } from "../support/waits.ts";

test("wait() returns at once when the word has another value, and when there is no time", () => {
  const mmap = map();
  const words = mmap.view(Int32Array);
  words[1] = -1;
  assertEquals(mmap.wait(0, 1), "not-equal");
  assertEquals(mmap.wait(0, 0, 0), "timed-out");
  assertEquals(mmap.wait(0, 0, -1), "timed-out");
  assertEquals(mmap.wait(0, 0, -Infinity), "timed-out");
  assertEquals(mmap.wait(4, 0), "not-equal");
  // Signed or unsigned, they are the same bits.
  assertEquals([mmap.wait(4, -1, 0), mmap.wait(4, 2 ** 32 - 1, 0)], ["timed-out", "timed-out"]);
  assertEquals([mmap.wait(4, 2 ** 31, 0), mmap.wait(4, -(2 ** 31), 0)], ["not-equal", "not-equal"]);
});

const BAD: readonly (readonly [
  byteOffset: unknown,
  expected: unknown,
  time: unknown,
  error: string,
])[] = [
  ["0", 0, 0, "TypeError"],
  [0.5, 0, 0, "TypeError"],
  [NaN, 0, 0, "TypeError"],
  [null, 0, 0, "TypeError"],
  [-4, 0, 0, "RangeError"],
  [1, 0, 0, "RangeError"],
  [2, 0, 0, "RangeError"],
  [2 * PAGE - 2, 0, 0, "RangeError"],
  [2 * PAGE, 0, 0, "RangeError"],
  [Infinity, 0, 0, "RangeError"],
  [2 ** 53, 0, 0, "RangeError"],
  [0, "0", 0, "TypeError"],
  [0, 0.5, 0, "TypeError"],
  [0, NaN, 0, "TypeError"],
  [0, 0n, 0, "TypeError"],
  [0, null, 0, "TypeError"],
  [0, undefined, 0, "TypeError"],
  [0, 2 ** 32, 0, "RangeError"],
  [0, -(2 ** 31) - 1, 0, "RangeError"],
  [0, Infinity, 0, "RangeError"],
  [0, 0, NaN, "TypeError"],
  [0, 0, "1", "TypeError"],
  [0, 0, 1n, "TypeError"],
  [0, 0, null, "TypeError"],
];

test("wait() and waitAsync() refuse bad arguments", async () => {
  const mmap = map();
  for (const [byteOffset, expected, time, error] of BAD) {
    const name = [byteOffset, expected, time].map(String).join(", ");
    const args = [byteOffset, expected] as [number, number];
    assertEquals(codeOf(() => mmap.wait(...args, time as number)), error, `wait(${name})`);
    const options = { timeout: time } as WaitAsyncOptions;
    const rejected = await mmap.waitAsync(...args, options).catch((error) => error.name);
    assertEquals(rejected, error, `waitAsync(${name})`);
  }
});

test("waitAsync() refuses bad options, and throws nothing", async () => {
  const mmap = map();
  const signals = [1, null, { aborted: false }, { aborted: false, addEventListener() {} }];
  const bad: unknown[] = [null, 1, "1", { time: 1 }, { ref: 1 }];
  for (const signal of signals) bad.push({ signal });
  for (const options of bad) {
    const error = await mmap.waitAsync(0, 1, options as WaitAsyncOptions).catch((error) => error);
    assertStrictEquals(error.name, "TypeError", String(error));
  }
  const getter = Object.defineProperty({}, "timeout", {
    enumerable: true,
    get: () => {
      mmap.unmap();
      return 1;
    },
  });
  const error = await mmap.waitAsync(0, 0, getter).catch((error) => error.code);
  assertEquals(error, "EBADF");
});

test("waitAsync() refuses a receiver that is no mapping", async () => {
  const { waitAsync } = map();
  for (const receiver of [undefined, {}, 1]) {
    const error = await waitAsync.call(receiver as unknown as Mmap, 0, 0).catch((error) => error);
    assertStrictEquals(error.name, "TypeError");
  }
});

test("notify() refuses bad arguments, and wakes nobody where there is nobody", () => {
  const mmap = map();
  for (const [byteOffset, , , error] of BAD.filter(([offset]) => offset !== 0)) {
    assertEquals(codeOf(() => mmap.notify(byteOffset as number)), error, String(byteOffset));
  }
  for (const count of [NaN, 0.5, "1", null, 1n]) {
    assertEquals(codeOf(() => mmap.notify(0, count as number)), "TypeError", String(count));
  }
  for (const count of [-1, -Infinity]) {
    assertEquals(codeOf(() => mmap.notify(0, count)), "RangeError");
  }
  for (const count of [0, 1, 2 ** 31, 2 ** 53, Infinity, undefined]) {
    assertStrictEquals(mmap.notify(0, count), 0);
  }
});

test("wait() and notify() refuse memory that they cannot use", async () => {
  const mmap = use(new MmapOptions({ len: 65_536 }).reserve());
  const codes = () => [
    codeOf(() => mmap.wait(0, 0, 0)),
    codeOf(() => mmap.notify(0)),
  ];
  assertEquals(codes(), ["EACCES", "EACCES"]);
  assertEquals(await mmap.waitAsync(0, 0).catch((error) => error.code), "EACCES");
  mmap.commit(0, 65_536);
  assertEquals(codes(), ["timed-out", "0"]);
  mmap.protect("read");
  assertEquals(codes(), ["EACCES", "EACCES"]);
  assertThrows(() => mmap.wait(0, 0), MmapError, 'must be "read-write"');
  assertThrows(() => mmap.notify(0), MmapError, 'must be "read-write"');
  mmap.unmap();
  assertEquals(codes(), ["EBADF", "EBADF"]);
  assertEquals(await mmap.waitAsync(0, 0).catch((error) => error.code), "EBADF");
});

test("wait() and notify() refuse a word that was there before resize()", () => {
  const mmap = use(new MmapOptions({ len: 2 * PAGE, capacity: 4 * PAGE }).mapAnon());
  assertEquals([mmap.wait(PAGE, 1), mmap.notify(PAGE)], ["not-equal", 0]);
  mmap.resize(PAGE);
  assertThrows(() => mmap.wait(PAGE, 1), RangeError, "below");
  assertThrows(() => mmap.notify(PAGE), RangeError, "below");
  mmap.resize(2 * PAGE);
  assertEquals([mmap.wait(PAGE, 1), mmap.notify(PAGE)], ["not-equal", 0]);
});

// Linux would copy the page for it, and the waiter never see what others store to the file.
test("wait(), waitAsync() and notify() refuse private copies of a file", async () => {
  const path = tempFile(2 * PAGE);
  const owner = use(new MmapOptions().map(path));
  const readOnly = use(new MmapOptions().map(path));
  readOnly.protect("read");
  const kinds = [
    owner,
    use(Mmap.fromTicket(owner.share())),
    readOnly,
    use(new MmapOptions().mapExec(path)),
    use(new MmapOptions({ offset: PAGE }).map(path)),
  ];
  for (const mmap of kinds) {
    for (
      const [done, call] of [
        ["waited for", () => mmap.wait(0, 0, 1)],
        ["waited for", () => mmap.wait(0, 1, 0)],
        ["notified", () => mmap.notify(0)],
        ["notified", () => mmap.notify(0, 0)],
      ] as const
    ) {
      const error = assertThrows(call, MmapError, `cannot be ${done}: memory of map()`);
      assertEquals(error.code, "ENOTSUP");
      assertStringIncludes(error.message, "use mapMut()");
    }
    assertEquals(
      await mmap.waitAsync(0, 0, { timeout: 1 }).catch((error) => error.code),
      "ENOTSUP",
    );
    assertEquals(codeOf(() => mmap.wait(2 * PAGE, 0, 1)), "RangeError");
  }
  // It is still the file's.
  const shared = use(new MmapOptions().mapMut(path));
  shared.bytes[0] = 7;
  assertEquals([shared.wait(0, 0, 1), shared.notify(0)], ["not-equal", 0]);
  if (platform === "linux") assertEquals(owner.bytes[0], 7);
});

test("wait() takes a word that is aligned in memory, wherever its file starts", () => {
  const mmap = use(new MmapOptions({ offset: 2, len: 64 }).mapMut(tempFile(100)));
  assertEquals(codeOf(() => mmap.wait(0, 0, 0)), "RangeError");
  assertEquals(mmap.wait(2, 0, 0), "timed-out");
  assertEquals(mmap.notify(2), 0);
  assertEquals(codeOf(() => mmap.wait(4, 0, 0)), "RangeError"); // where that word is in its page
});

test("wait() and notify() refuse a word that its file has lost", () => {
  const path = tempFile(2 * PAGE);
  for (const truncationGuard of [true, false]) {
    const mmap = use(new MmapOptions({ truncationGuard }).mapMut(path));
    assertEquals(mmap.notify(PAGE), 0); // so that the word has been checked before
    truncateSync(path, PAGE);
    if (truncationGuard && mmap.truncationGuarded) {
      assertStrictEquals(mmap.view(Int32Array, PAGE, 1)[0], 0);
    }
    assertEquals(codeOf(() => mmap.wait(PAGE, 0, 0)), "EFAULT");
    assertEquals(codeOf(() => mmap.notify(PAGE)), "EFAULT");
    truncateSync(path, 2 * PAGE);
  }
}, { skip: unlessLinux("no other system truncates what is mapped, or tells of it") });
