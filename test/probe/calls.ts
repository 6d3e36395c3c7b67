/**
 * Every public call, each of several kinds: what the probe makes.
 *
 * @module
 */
import {
  type Advice,
  allocationGranularity,
  maxViewByteLength,
  Mmap,
  MmapOptions,
  pageSize,
  regions,
  removeShared,
} from "../../mod.ts";
import { FILE_CALLS } from "./file_calls.ts";
import { type Place, same } from "./place.ts";

/** One call, by the name that is printed. Where it begins with `wrong`, its arguments are. */
export type Calls = Readonly<Record<string, (place: Place) => unknown>>;

const ADVICE: readonly Advice[] = [
  "normal",
  "random",
  "sequential",
  "will-need",
  "dont-need",
  "dont-need-locked",
  "free",
  "remove",
  "cold",
  "page-out",
  "huge-page",
  "no-huge-page",
  "collapse",
  "mergeable",
  "unmergeable",
  "dont-dump",
  "do-dump",
  "dont-fork",
  "do-fork",
  "wipe-on-fork",
  "keep-on-fork",
  "populate-read",
  "populate-write",
];

/** The longest that a wait takes that ends by itself, in milliseconds. */
const SHORT_MS = 5;
/** One that something else ends. */
const LONG_MS = 5000;

/** Stores to the memory and loads it again. */
function used(mmap: Mmap): void {
  mmap.bytes[0] = 7;
  mmap.bytes[mmap.byteLength - 1] = 9;
  same([mmap.bytes[0], mmap.bytes.at(-1)], [7, 9]);
}

/** Maps by options, and uses the memory. */
function mapped(place: Place, options: MmapOptions): void {
  used(place.kept(options.len(4 * place.page).mapAnon()));
}

const OPTIONS: Readonly<Record<string, (place: Place) => MmapOptions>> = {
  "no option": () => new MmapOptions(),
  populate: () => new MmapOptions({ populate: true }),
  noReserve: () => new MmapOptions({ noReserve: true }),
  hint: () => new MmapOptions({ hint: 2n ** 44n }),
  strict: () => new MmapOptions({ hint: 2n ** 44n + 2n ** 33n, strict: true }),
  align: () => new MmapOptions({ align: 2 ** 21 }),
  guard: () => new MmapOptions({ guard: 1 }),
  stack: () => new MmapOptions({ stack: true }),
  name: () => new MmapOptions({ name: "probe" }),
};

const MEMORY_CALLS: Calls = {
  "pageSize()": () => same(pageSize() >= 4096, true),
  "allocationGranularity()": () => same(allocationGranularity() >= 4096, true),
  "maxViewByteLength()": () => same(maxViewByteLength() > 2 ** 31, true),
  ...Object.fromEntries(
    Object.entries(OPTIONS).map(([name, options]) => [
      `mapAnon() with ${name}`,
      (place: Place) => mapped(place, options(place)),
    ]),
  ),
  "mapAnon() with huge pages": (place) =>
    used(place.kept(new MmapOptions({ len: 2 ** 21, huge: true }).mapAnon())),
  "wrong mapAnon() of nothing": () => new MmapOptions().mapAnon(),
  "wrong len()": () => new MmapOptions().len(-1),
  "wrong withHint()": () => new MmapOptions().withHint("here" as never),
  "mapAnon() of more than there is": (place) =>
    place.kept(new MmapOptions({ len: 2 ** 52 }).mapAnon()),
  "mapMirrored()": (place) => {
    const mmap = place.kept(new MmapOptions({ len: allocationGranularity() }).mapMirrored());
    mmap.write(new Uint8Array([3]), 0);
    const read = new Uint8Array(1);
    mmap.read(read, mmap.byteLength / 2);
    same(read[0], 3);
  },
  "reserve(), commit() and decommit()": (place) => {
    const mmap = place.kept(new MmapOptions({ len: 8 * place.page }).reserve());
    mmap.commit(0, 2 * place.page);
    const bytes = mmap.view(Uint8Array, 0, place.page);
    bytes[1] = 5;
    same(bytes[1], 5);
    mmap.decommit(0, 2 * place.page);
    same(mmap.accessAt(0), "none");
  },
  "protect()": (place) => {
    const mmap = place.memory();
    mmap.protect("read", 0, place.page);
    same([mmap.accessAt(0), mmap.access], ["read", "mixed"]);
    mmap.protect("none");
    mmap.protect("read-write");
    used(mmap);
  },
  'protect("read-execute")': (place) => place.memory().protect("read-execute"),
  "unsafeProtect()": (place) => {
    const mmap = place.memory();
    used(mmap);
    mmap.unsafeProtect("read");
    mmap.unsafeProtect("read-write");
  },
  "discard()": (place) => {
    const mmap = place.memory();
    used(mmap);
    mmap.discard();
    same(mmap.bytes[0], 0);
  },
  "resize() to more": (place) => {
    const mmap = place.memory();
    used(mmap);
    mmap.resize(64 * place.page);
    same([mmap.byteLength, mmap.bytes[0]], [64 * place.page, 7]);
  },
  "resize() to less": (place) => {
    const mmap = place.memory();
    used(mmap);
    mmap.resize(place.page);
    same([mmap.byteLength, mmap.bytes[0]], [place.page, 7]);
  },
  "resize() with guard pages": (place) => {
    const mmap = place.kept(new MmapOptions({ len: place.page, guard: 1 }).mapAnon());
    used(mmap);
    mmap.resize(4 * place.page);
    used(mmap);
  },
  "wrong resize()": (place) => place.memory().resize(-1),
  "read() and write()": (place) => {
    const mmap = place.memory();
    mmap.write(new Uint8Array([1, 2, 3]), place.page - 1);
    const read = new Uint8Array(3);
    mmap.read(read, place.page - 1);
    same([...read], [1, 2, 3]);
  },
  "read() from one mapping into another": (place) => {
    const [from, to] = [place.memory(), place.memory()];
    used(from);
    from.read(to.bytes);
    same(to.bytes[0], 7);
  },
  "flush() and startFlush()": (place) => {
    const mmap = place.memory();
    mmap.flush();
    mmap.startFlush(0, place.page);
  },
  "view()": (place) => {
    const mmap = place.memory();
    mmap.view(DataView, 8, 8).setFloat64(0, 0.5);
    same(mmap.view(DataView).getFloat64(8), 0.5);
    same(mmap.view(Float32Array, 0, 2).length, 2);
  },
  "wrong view()": (place) => place.memory().view(Uint8Array, -1),
  "unmap() of what was viewed": (place) => {
    const mmap = place.memory();
    const { bytes } = mmap;
    mmap.unmap();
    same([bytes.length, mmap.closed], [0, true]);
  },
  "intoRaw() and unsafeFromRaw()": (place) => {
    const { address, byteLength } = place.memory().intoRaw();
    used(place.kept(Mmap.unsafeFromRaw(address, byteLength)));
  },
  "share() and fromTicket()": (place) => {
    const mmap = place.memory();
    const other = place.kept(Mmap.fromTicket(mmap.share()));
    other.bytes[0] = 4;
    same(mmap.bytes[0], 4);
    const refused = code(() => mmap.resize(place.page));
    same(refused, "EBUSY");
  },
  "release()": (place) => {
    const mmap = place.memory();
    const ticket = mmap.share();
    Mmap.release(ticket);
    same(code(() => Mmap.fromTicket(ticket)), "EBADF");
  },
  "regions()": (place) => {
    const mmap = place.memory();
    const found = regions().some(({ address, byteLength }) =>
      address <= mmap.address && mmap.address < address + BigInt(byteLength)
    );
    same(found, true);
  },
  "regions() with what is resident": () => same(regions({ resident: true }).length > 0, true),
};

const RESIDENCY_CALLS: Calls = {
  ...Object.fromEntries(
    ADVICE.map((advice) => [
      `advise("${advice}")`,
      (place: Place) => {
        const mmap = place.memory();
        used(mmap);
        mmap.advise(advice);
      },
    ]),
  ),
  'advise("remove") of shared memory': (place) => place.shared().advise("remove"),
  "lock() and unlock()": (place) => {
    const mmap = place.memory(16);
    mmap.lock();
    mmap.unlock();
  },
  "lock() of map()": (place) => {
    const mmap = place.kept(new MmapOptions().map(place.file()));
    mmap.lock();
    mmap.unlock();
  },
  "resident()": (place) => {
    const mmap = place.memory();
    used(mmap);
    same(mmap.resident() > 0, true);
  },
  "prefault()": (place) => place.memory(64).prefault(),
  "prefault() of a file": (place) => place.kept(new MmapOptions().mapMut(place.file())).prefault(),
};

const WAITING_CALLS: Calls = {
  "wait() for another value": (place) => same(place.memory().wait(0, 1), "not-equal"),
  "wait() for long enough": (place) => same(place.memory().wait(0, 0, SHORT_MS), "timed-out"),
  "wait() for named memory": (place) => same(place.shared().wait(0, 0, SHORT_MS), "timed-out"),
  "wrong wait()": (place) => place.memory().wait(1, 0),
  "notify()": (place) => same(place.memory().notify(0), 0),
  "waitAsync() for another value": async (place) =>
    same(await place.memory().waitAsync(0, 1), "not-equal"),
};

/** Calls for which the runtime starts threads. */
export const THREAD_CALLS: Calls = {
  "waitAsync() for long enough": async (place) =>
    same(await place.memory().waitAsync(0, 0, { timeout: SHORT_MS }), "timed-out"),
  "waitAsync() until notify()": async (place) => {
    const mmap = place.memory();
    const waiting = mmap.waitAsync(0, 0, { timeout: LONG_MS });
    let isOver = false;
    const end = waiting.then((result) => result, (error) => error).finally(() => isOver = true);
    while (!isOver && mmap.notify(0) === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    const result = await end;
    if (result instanceof Error) throw result;
    same(result, "ok");
  },
  "waitAsync() until it is aborted": async (place) => {
    const controller = new AbortController();
    const waiting = place.memory().waitAsync(0, 0, { signal: controller.signal });
    controller.abort();
    const reason = await waiting.catch((error) => error);
    if (reason.name === "AbortError") return;
    throw reason;
  },
  "waitAsync() for named memory": async (place) =>
    same(await place.shared().waitAsync(0, 0, { timeout: SHORT_MS }), "timed-out"),
};

const NAMED_CALLS: Calls = {
  'mapShared() with mode "create"': (place) => used(place.shared()),
  "mapShared() with noReserve": (place) => {
    const options = new MmapOptions({ len: place.page, noReserve: true });
    const mmap = place.kept(options.mapShared(place.name(), { mode: "create" }));
    mmap.read(new Uint8Array(1));
  },
  'mapShared() with mode "open-or-create", twice': (place) => {
    const name = place.name();
    const options = new MmapOptions({ len: place.page });
    const [one, other] = [1, 2].map(() =>
      place.kept(options.mapShared(name, { mode: "open-or-create" }))
    );
    one!.bytes[0] = 3;
    same(other!.bytes[0], 3);
  },
  "mapShared() of what is not there": () => new MmapOptions().mapShared("sysalloc-probe-missing"),
  "wrong mapShared()": () => new MmapOptions().mapShared("a/b"),
  "removeShared()": (place) => {
    const name = place.name();
    const mmap = place.kept(
      new MmapOptions({ len: place.page }).mapShared(name, { mode: "create" }),
    );
    removeShared(name);
    used(mmap);
  },
  "removeShared() of what is not there": () => removeShared("sysalloc-probe-missing"),
  "resize() of named memory": (place) => {
    const mmap = place.shared();
    mmap.resize(8 * place.page);
    used(mmap);
  },
  "wait() after share() of named memory": (place) => {
    const other = place.kept(Mmap.fromTicket(place.shared().share()));
    same(other.wait(0, 0, SHORT_MS), "timed-out");
  },
  "mapShared() of a file that was truncated": (place) => {
    const name = place.name();
    const options = new MmapOptions({ len: 4 * place.page });
    const mmap = place.kept(options.mapShared(name, { mode: "create" }));
    used(mmap);
    place.truncate(`/dev/shm/${name}`, 1);
    const { name: error } = thrown(() => mmap.read(new Uint8Array(1), 2 * place.page));
    same(error, "MmapError");
  },
};

/** All of them, in the order in which they are made. */
export const CALLS: Calls = {
  ...MEMORY_CALLS,
  ...RESIDENCY_CALLS,
  ...FILE_CALLS,
  ...NAMED_CALLS,
  ...WAITING_CALLS,
  ...THREAD_CALLS,
};

function thrown(call: () => unknown): { readonly name?: string; readonly code?: string } {
  try {
    call();
    return {};
  } catch (error) {
    return error as Error;
  }
}

function code(call: () => unknown): string | undefined {
  return thrown(call).code;
}
