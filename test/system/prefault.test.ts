import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { host } from "../../ffi/host.ts";
import type { Residency } from "../../ffi/os/contract/residency.ts";
import { Mmap, MmapError, MmapOptions, pageSize, type PrefaultOptions } from "../../mod.ts";
import { freeAddress } from "../support/free_address.ts";
import { fakeTimers, platform, test, use } from "../support/harness.ts";
import { smapsEntry, withoutSmaps } from "../support/memory_map.ts";

const PAGE = pageSize();
const MIB = 2 ** 20;
const residency = host().os.residency; // before the tests: Deno counts what a test opens as a leak
/** The reason to skip where pages are counted, but their memory is not: an emulator of processors takes no advice. */
const skip = platform === "linux" ? withoutSmaps() : undefined;

function mapped(byteLength: number): Mmap {
  return new MmapOptions({ len: byteLength, hint: freeAddress(byteLength) }).mapAnon();
}

/** The reason of a promise's rejection. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  assertInstanceOf(promise, Promise);
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It was not rejected");
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await rejection(promise);
  assertInstanceOf(error, MmapError);
  return error.code;
}

/** Runs `body` while the system populates otherwise; tells what it was asked to populate. */
async function withPopulate(
  populate: Residency["populate"],
  body: (calls: (readonly [bigint, bigint, boolean])[]) => Promise<void>,
): Promise<void> {
  const calls: (readonly [bigint, bigint, boolean])[] = [];
  const original = residency.populate;
  try {
    Object.assign(residency, {
      populate: (...args: Parameters<typeof populate>) => {
        calls.push(args);
        return populate(...args);
      },
    });
    await body(calls);
  } finally {
    Object.assign(residency, { populate: original });
  }
}

const WAYS: Readonly<Record<string, Residency["populate"]>> = {
  "as the system does": residency.populate,
  "by touching pages": () => "unsupported",
};

for (const [way, populate] of Object.entries(WAYS)) {
  test(`prefault() backs every page, ${way}`, async () => {
    await withPopulate(populate, async () => {
      const mmap = mapped(40 * MIB + 1);
      mmap.protect("read", 0, 4 * PAGE);
      mmap.protect("read-execute", 20 * PAGE, PAGE);
      await mmap.prefault();
      assertEquals(mmap.resident(), 40 * MIB + PAGE);
      assertEquals([mmap.access, mmap.accessAt(0)], ["mixed", "read"]);
    });
  }, { skip });

  test(`prefault() backs the pages that bytes lie in, and no other, ${way}`, async () => {
    await withPopulate(populate, async () => {
      const mmap = mapped(16 * PAGE);
      try {
        mmap.advise("no-huge-page");
      } catch (error) {
        assertInstanceOf(error, MmapError);
      }
      await mmap.prefault({ byteOffset: 3 * PAGE - 1, byteLength: 2 });
      assertEquals([mmap.resident(2 * PAGE, 2 * PAGE), mmap.resident()], [2 * PAGE, 2 * PAGE]);
      // Memory of its own, and not the page of zeros that loads are answered with.
      const own = platform === "linux" ? smapsEntry(mmap.address)!.Anonymous : undefined;
      assert(own === undefined || own === `${2 * PAGE / 1024} kB`, own);
      await mmap.prefault({ byteOffset: 15 * PAGE + 1 });
      assertEquals([mmap.resident(15 * PAGE), mmap.resident()], [PAGE, 3 * PAGE]);
    });
  }, { skip });

  test(`prefault() leaves the content and the views, ${way}`, async () => {
    await withPopulate(populate, async () => {
      const mmap = mapped(64 * PAGE);
      const integers = mmap.view(Int32Array);
      for (let index = 0; index < integers.length; index++) integers[index] = ~index;
      await mmap.prefault();
      assertEquals(integers.length, 16 * PAGE);
      assert(integers.every((value, index) => value === ~index));
    });
  });
}

test("prefault() stores nothing to memory that can only be read, once it is compiled too", async () => {
  await withPopulate(() => "unsupported", async () => {
    const mmap = mapped(64 * MIB);
    mmap.protect("read");
    for (let round = 0; round < 10; round++) await mmap.prefault();
    mmap.unmap();
  });
});

test("prefault() asks for memory in slices of 256 KiB, as what may be done with it", async () => {
  await withPopulate(() => undefined, async (calls) => {
    const mmap = mapped(MIB);
    mmap.protect("read", MIB / 2, MIB / 4);
    const start = mmap.address;
    await mmap.prefault({ byteOffset: PAGE + 1 });
    const slices = calls.map(([address, byteLength, forWriting]) => [
      Number(address - start),
      Number(byteLength),
      forWriting,
    ]);
    const slice = MIB / 4;
    // An offset that is not at a page's start makes slices share a page.
    assertEquals(slices, [
      [PAGE, slice + PAGE, true],
      [PAGE + slice, slice - PAGE, true],
      [2 * slice, slice, false],
      [3 * slice, slice, true],
    ]);
  });
});

test("prefault() reports progress up to the whole length, and lets the event loop run between", async () => {
  await withPopulate(() => undefined, async () => {
    const mmap = new MmapOptions({ len: 100 * MIB, noReserve: true }).mapAnon();
    const seen: [number, number][] = [];
    let ticks = 0;
    let isDone = false;
    const tick = () => {
      ticks++;
      if (!isDone) setTimeout(tick, 0);
    };
    setTimeout(tick, 0);
    const ticksSeen: number[] = [];
    await mmap.prefault({
      byteOffset: MIB,
      onProgress: (...args) => {
        seen.push(args);
        ticksSeen.push(ticks);
        const until = performance.now() + 3; // so that a timer is due
        while (performance.now() < until);
      },
    });
    isDone = true;
    assert(seen.length >= 7, String(seen.length)); // at most 16 MiB a turn
    const done = seen.map(([done]) => done);
    assertEquals(done, done.toSorted((a, b) => a - b));
    assertEquals(new Set(done).size, done.length);
    assertEquals(seen.at(-1), [99 * MIB, 99 * MIB]);
    assert(seen.every(([, total]) => total === 99 * MIB));
    assert(new Set(ticksSeen).size > 2, String(ticksSeen));
  });
});

test("prefault() backs nothing when the signal is aborted already", async () => {
  await withPopulate(() => undefined, async (calls) => {
    const mmap = mapped(PAGE);
    for (const reason of [new Error("enough"), undefined, 0]) {
      const signal = { aborted: true, reason };
      assertEquals(await rejection(mmap.prefault({ signal })), reason);
    }
    const error = await rejection(mmap.prefault({ signal: AbortSignal.abort() }));
    assertEquals((error as Error).name, "AbortError");
    assertEquals(calls, []);
  });
});

test("prefault() stops when the signal is aborted between two parts", async () => {
  await withPopulate(() => undefined, async (calls) => {
    const mmap = new MmapOptions({ len: 64 * MIB, noReserve: true }).mapAnon();
    const controller = new AbortController();
    const reason = new Error("enough");
    let turns = 0;
    const onProgress = () => {
      if (++turns === 2) setTimeout(() => controller.abort(reason), 0);
      const until = performance.now() + 3;
      while (performance.now() < until);
    };
    assertEquals(
      await rejection(mmap.prefault({ signal: controller.signal, onProgress })),
      reason,
    );
    assert(turns < 4 && calls.length < 256, `${turns} turns, ${calls.length} calls`);
  });
});

const BETWEEN: readonly (readonly [
  what: string,
  act: (mmap: Mmap) => void,
  code: string,
])[] = [
  ["it is unmapped", (mmap) => mmap.unmap(), "EBADF"],
  ["it is given away", (mmap) => {
    const { address, byteLength } = mmap.intoRaw();
    Mmap.unsafeFromRaw(address, byteLength).unmap();
  }, "EBADF"],
  ["nothing may be done with it any more", (mmap) => mmap.protect("none"), "EACCES"],
  ["the rest is decommitted", (mmap) => mmap.decommit(32 * MIB, 32 * MIB), "EACCES"],
];

for (const [what, act, code] of BETWEEN) {
  test(`prefault() rejects with ${code} when ${what} between two parts`, async () => {
    await withPopulate(() => undefined, async (calls) => {
      const mmap = new MmapOptions({ len: 64 * MIB, noReserve: true }).mapAnon();
      const end = mmap.address + BigInt(32 * MIB);
      let hasActed = false;
      const prefaulting = mmap.prefault({
        onProgress() {
          if (!hasActed) act(mmap);
          hasActed = true;
        },
      });
      assertEquals(await codeOf(prefaulting), code);
      assert(calls.every(([address, byteLength]) => address + byteLength <= end));
    });
  });
}

test("prefault() goes on when the access changes to what it can do with", async () => {
  await withPopulate(() => undefined, async (calls) => {
    const mmap = new MmapOptions({ len: 40 * MIB }).mapAnon();
    await mmap.prefault({ onProgress: () => mmap.protect("read") });
    assertEquals([calls[0]![2], calls.at(-1)![2]], [true, false]);
  });
});

test("prefault() rejects with what onProgress throws", async () => {
  const mmap = mapped(PAGE);
  for (const thrown of [new Error("mine"), "mine", undefined]) {
    const onProgress = () => {
      throw thrown;
    };
    assertEquals(await rejection(mmap.prefault({ onProgress })), thrown);
  }
});

test("prefault() rejects with EACCES when nothing may be done with a part, and backs nothing", async () => {
  await withPopulate(() => undefined, async (calls) => {
    const mmap = mapped(4 * PAGE);
    const reserved = new MmapOptions({ len: 2 ** 40 }).reserve();
    mmap.protect("none", 2 * PAGE, PAGE);
    assertEquals(await codeOf(mmap.prefault()), "EACCES");
    assertEquals(await codeOf(reserved.prefault()), "EACCES");
    assertEquals(calls, []);
    await mmap.prefault({ byteLength: 2 * PAGE });
    assertEquals(calls.length, 1);
  });
});

test("prefault() says what the system refused", async () => {
  const failure = { syscall: "madvise", osError: 12, code: "ENOMEM" };
  await withPopulate(() => failure, async () => {
    const mmap = mapped(PAGE);
    const error = await rejection(mmap.prefault());
    assertInstanceOf(error, MmapError);
    assertEquals([error.code, error.syscall, error.osError], ["ENOMEM", "madvise", 12]);
    assertStringIncludes(error.message, `The system refused to prefault ${PAGE} bytes at 0x`);
  });
});

test("prefault() of several parts of one mapping at a time backs them all", async () => {
  const mmap = mapped(48 * MIB);
  await Promise.all(
    [0, 1, 2].map((part) => mmap.prefault({ byteOffset: part * 16 * MIB, byteLength: 16 * MIB })),
  );
  assertEquals(mmap.resident(), 48 * MIB);
}, { skip });

const as = <T>(value: unknown): T => value as T;

const BAD: readonly (readonly [
  name: string,
  options: unknown,
  error: ErrorConstructor,
  message: string,
])[] = [
  ["null", null, TypeError, "The options must be an object, got null"],
  ["a number", 1, TypeError, "The options must be an object, got 1"],
  ["a string", "all", TypeError, 'The options must be an object, got the string "all"'],
  ["an unknown option", { length: 1 }, TypeError, 'The option "length" is unknown: the options'],
  ["a byteOffset of a string", { byteOffset: "0" }, TypeError, "The byteOffset must be a whole"],
  ["a byteOffset of null", { byteOffset: null }, TypeError, "The byteOffset must be a whole"],
  ["a byteOffset of 0.5", { byteOffset: 0.5 }, TypeError, "The byteOffset must be a whole"],
  ["a byteOffset of -1", { byteOffset: -1 }, RangeError, "from 0 to 2^53 - 1 bytes, got -1"],
  ["a byteOffset at the end", { byteOffset: 4 * PAGE, byteLength: 1 }, RangeError, "must be below"],
  ["a byteOffset past the end", { byteOffset: 4 * PAGE + 1 }, RangeError, "must be at most"],
  ["a byteLength of NaN", { byteLength: NaN }, TypeError, "The byteLength must be a whole"],
  [
    "a range past the end",
    { byteOffset: PAGE, byteLength: 4 * PAGE },
    RangeError,
    "must be at most",
  ],
  ["a signal of null", { signal: null }, TypeError, "The signal must be an AbortSignal, got null"],
  ["a signal of an object", { signal: {} }, TypeError, "The signal must be an AbortSignal"],
  ["a controller as signal", { signal: new AbortController() }, TypeError, "an AbortSignal"],
  [
    "an onProgress of a string",
    { onProgress: "x" },
    TypeError,
    "onProgress must be a function",
  ],
  ["an onProgress of null", { onProgress: null }, TypeError, "must be a function, got null"],
];

for (const [name, options, expected, message] of BAD) {
  test(`prefault() with ${name} is rejected, and throws nothing`, async () => {
    const mmap = mapped(4 * PAGE);
    const error = await rejection(mmap.prefault(as(options)));
    assertInstanceOf(error, expected);
    assertStringIncludes(error.message, message);
  });
}

test("prefault() takes options that are undefined", async () => {
  const mmap = mapped(PAGE);
  const nothing: PrefaultOptions = {
    byteOffset: undefined,
    byteLength: undefined,
    signal: undefined,
    onProgress: undefined,
  };
  for (const options of [undefined, {}, nothing]) await mmap.prefault(options);
});

test("prefault() of what is closed, or is no mapping, is rejected", async () => {
  const mmap = mapped(PAGE);
  mmap.unmap();
  assertEquals(await codeOf(mmap.prefault()), "EBADF");
  for (const receiver of [undefined, {}, 1, Object.create(Mmap.prototype)]) {
    const error = await rejection(Reflect.apply(Mmap.prototype.prefault, receiver, []));
    assertInstanceOf(error, TypeError);
    assertStringIncludes(error.message, "The receiver must be an Mmap");
  }
});

test("prefault() ends well where what it asks the time of unmaps, or stands still", async () => {
  const { now } = Date;
  const mmap = use(mapped(2 ** 24));
  try {
    Date.now = () => {
      mmap.unmap();
      return 0;
    };
    assertEquals(await codeOf(mmap.prefault()), "EBADF");
    Date.now = () => 0;
    await use(mapped(2 ** 24)).prefault();
  } finally {
    Date.now = now;
  }
});

test("prefault() needs no timer of the program", async () => {
  const { performance } = globalThis;
  Object.defineProperty(globalThis, "performance", { value: undefined, configurable: true });
  const undo = fakeTimers();
  let turns = 0;
  try {
    await use(mapped(2 ** 26)).prefault({ onProgress: () => void turns++ });
  } finally {
    undo();
    Object.defineProperty(globalThis, "performance", { value: performance, configurable: true });
  }
  assert(turns >= 4, `It took ${turns} turns`);
});
