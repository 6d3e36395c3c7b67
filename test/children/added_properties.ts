// Uses all of the library while each name that stands in its sources is a property of
// Object.prototype too, or each index an accessor of Array.prototype. Prints what the calls
// came to, and where the library looked at what was added. The first argument is what has
// the properties: "none", "object" or "array".
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const where = process.argv[2];
const root = fileURLToPath(new URL("../../", import.meta.url));
const { hasOwn } = Object;

/** The sources of the library, without comments. */
function sources(): string {
  const texts = ["core", "ffi"].flatMap((folder) =>
    readdirSync(join(root, folder), { encoding: "utf8", recursive: true })
      .filter((name) => /\.[jt]s$/.test(name))
      .map((name) => readFileSync(join(root, folder, name), "utf8"))
  );
  return texts.join("\n").replace(/\/\*[^]*?\*\/|^ *\/\/.*$/gm, "");
}

/** Names that the runtime itself does not bear: Deno throws a text in place of an error. */
const UNBEARABLE: readonly string[] = "Deno" in globalThis ? ["get", "set"] : [];

const INDEXES = Array.from({ length: 257 }, (_, index) => String(index - 1));
const names = where === "array" ? INDEXES : [
  ...new Set([...sources().match(/[\p{ID_Start}$_][\w$]*(-[\w-]+)?/gu)!, ...INDEXES]),
].filter((name) => !(name in Object.prototype || UNBEARABLE.includes(name)));

/** Each use of what was added. What the stack was is asked for at the end: here it would be a call of the runtime's own. */
const uses = new Set<readonly [use: string, error: Error]>();
let isLooking = false;

function note(use: string): void {
  if (isLooking) return;
  uses.add([use, new Error()]);
}

/** An object that has but these properties. */
function bare<T extends object>(properties: T): T {
  return { __proto__: null, ...properties } as T;
}

const prototype: object = where === "array" ? Array.prototype : Object.prototype;

function add(): void {
  for (const name of names) {
    const accessors = bare({
      configurable: true,
      get() {
        note(`read ${name}`);
        return undefined;
      },
      set(this: object, value: unknown) {
        note(`write ${name}`);
        const all = { value, writable: true, enumerable: true, configurable: true };
        Object.defineProperty(this, name, bare(all));
      },
    });
    Object.defineProperty(prototype, name, accessors);
  }
}

function takeAway(): void {
  for (const name of names) delete prototype[name as never];
}

/** A place in a source; engines give none for what they are made of. */
const PLACE = /[\w/.-]+:\d+:\d+/;

/** The places at which the library itself used an added property. */
function found(): string[] {
  const places = new Set<string>();
  for (const [use, { stack }] of uses) {
    // After the two functions above.
    const caller = stack!.split("\n").filter((line) => PLACE.test(line))[2];
    if (caller === undefined || !caller.includes(root)) continue;
    const place = sourceOf(caller.slice(caller.indexOf(root) + root.length).replace(/\)$/, ""));
    // koffi is no part of the runtime, and makes its records so.
    const isOfKoffi = use.startsWith("write") && place.startsWith("ffi/runtime/koffi.");
    if (/^(core|ffi)\//.test(place) && !isOfKoffi) places.add(`${use} at ${place}`);
  }
  return [...places];
}

/** The place with the name of the source, which a bundle tells before what it has of it. */
function sourceOf(place: string): string {
  const [file, line] = place.split(":") as [string, string];
  const before = readFileSync(join(root, file), "utf8").split("\n").slice(0, Number(line));
  const source = before.findLast((text) => /^\/\/ \S+\.ts$/.test(text))?.slice(3);
  return source === undefined ? place : `${source}, which is ${place}`;
}

const folder = mkdtempSync(join(tmpdir(), "sysalloc-added-"));
const path = join(folder, "file");
writeFileSync(path, new Uint8Array(300_000).fill(7));
const descriptor = openSync(path, "r+");
const shared = `sysalloc-added-${process.pid}`;
// What is loaded when it is first asked for does not always bear what is added.
for (const name of ["module", "fs", "path", "stream", "timers", "url", "worker_threads"]) {
  process.getBuiltinModule(`node:${name}`);
}
const hasFfi = process.getBuiltinModule("node:ffi") !== undefined;
if (!("Deno" in globalThis || "Bun" in globalThis || hasFfi)) {
  createRequire(import.meta.url)("koffi");
}
if (where !== "none") add();
const {
  allocationGranularity,
  maxViewByteLength,
  Mmap,
  MmapError,
  MmapOptions,
  pageSize,
  regions,
  removeShared,
} = await import("../../mod.ts");

type Results = [name: string, result: unknown][];

const open = new Set<Disposable>();

/** Unmaps after the call: Node.js 22 has no `using`. */
function use<T extends Disposable>(mmap: T): T {
  open.add(mmap);
  return mmap;
}

/** The outcome of a call, without the parts that differ from process to process. */
async function outcome(call: () => unknown): Promise<unknown> {
  const plain = (text: string) => text.replace(/0x[\da-f]+|\d{4,}|added-\w+/g, "#");
  try {
    const value = await call();
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    const { name, message } = error;
    const of = (key: string) => hasOwn(error, key) ? String(error[key as never]) : "-";
    const details = error instanceof MmapError
      ? ["code", "syscall", "osError"].map(of).join()
      : of("code");
    return `${name} ${details} ${plain(message)}`;
  } finally {
    for (const mmap of open) mmap[Symbol.dispose]();
    open.clear();
  }
}

const PAGE = 65_536;
const options = () => new MmapOptions({ len: 4 * PAGE });

/** The calls, with all that a program can do. */
const CALLS: Readonly<Record<string, () => unknown>> = {
  units: () => [pageSize() > 0, allocationGranularity() > 0, maxViewByteLength() > 0].join(),
  "anonymous memory": () => {
    const mmap = options().mapAnon();
    const bytes = mmap.bytes;
    bytes[5] = 1;
    const { length } = mmap.view(BigUint64Array, 8, 2);
    const view = mmap.view(DataView, 0, 16).getUint8(5);
    const before = [mmap.access, mmap.accessAt(0), mmap.closed, mmap.isEmpty, mmap.truncated]
      .join();
    mmap.unmap();
    return [bytes.length, length, view, before, mmap.closed].join();
  },
  "tokens are used again": () => {
    const many = INDEXES.slice(0, 99).map(() => options().mapAnon());
    for (const mmap of many) mmap.unmap();
    const again = options().mapAnon();
    again.bytes[0] = 2;
    again.unmap();
    return again.byteLength;
  },
  "all setters": () => {
    const all = new MmapOptions().len(PAGE).withHint(0n).populate().noReserve(false).strict()
      .offset(0).truncationGuard().align(2 * PAGE).guard().stack(false).name("added");
    const mmap = use(all.mapAnon());
    return [mmap.byteLength, Object.keys(all.settings).join()].join();
  },
  "options of a class, and without a prototype": () => {
    class Init {
      get len(): number {
        return PAGE;
      }
    }
    const bare = Object.assign(Object.create(null), { len: PAGE, populate: true });
    const first = use(new MmapOptions(new Init()).mapAnon());
    const second = use(new MmapOptions(bare).mapAnon());
    return [first.byteLength, second.byteLength].join();
  },
  "unknown options": () => new MmapOptions({ lenght: 1 } as never),
  "no length": () => new MmapOptions().mapAnon(),
  "a strict hint that is taken": () => {
    const mmap = use(options().mapAnon());
    return new MmapOptions({ len: PAGE, hint: mmap.address, strict: true }).mapAnon();
  },
  "more than there is": () => new MmapOptions({ len: 2 ** 52 }).mapAnon(),
  "huge pages": () => {
    try {
      options().huge().mapAnon().unmap();
    } catch (error) {
      if (!(error instanceof MmapError)) throw error;
    }
  },
  "a reservation": () => {
    const mmap = use(new MmapOptions({ len: 8 * PAGE }).reserve());
    mmap.commit(0, 2 * PAGE);
    mmap.commit(4 * PAGE, PAGE);
    mmap.view(Uint8Array, 0, 2 * PAGE)[0] = 1;
    mmap.unsafeProtect("read", PAGE, PAGE);
    mmap.unsafeProtect("none", 4 * PAGE, PAGE);
    mmap.decommit(0, PAGE);
    mmap.unsafeProtect("read-write");
    return [mmap.access, mmap.bytes[0]].join();
  },
  "access in stripes": () => {
    const mmap = use(new MmapOptions({ len: 24 * PAGE }).mapAnon());
    for (let index = 0; index < 24; index += 2) mmap.unsafeProtect("read", index * PAGE, PAGE);
    const mixed = mmap.access;
    mmap.discard(PAGE, PAGE);
    mmap.unsafeProtect("read-write");
    return [mixed, mmap.access].join();
  },
  "no access": () => {
    const mmap = use(options().reserve());
    return mmap.view(Uint8Array);
  },
  copies: () => {
    const mmap = use(options().mapAnon());
    const bytes = new Uint8Array([1, 2, 3]);
    mmap.write(bytes, 9);
    mmap.unsafeProtect("read");
    mmap.read(bytes, 8);
    return bytes.join();
  },
  searches: () => {
    const mmap = use(options().mapAnon());
    mmap.write(new TextEncoder().encode("a,b".repeat(9000)));
    const records = mmap.split(",");
    let last = "";
    for (let taken = 0; taken < 20; taken++) {
      const { byteOffset, byteLength } = records.next().value;
      last = `${byteOffset}+${byteLength}`;
    }
    return [mmap.indexOf("b"), mmap.lastIndexOf(","), mmap.count("a,"), last].join();
  },
  "mirrored memory": () => {
    const ring = use(new MmapOptions({ len: PAGE }).mapMirrored());
    ring.view(Uint8Array, 0, PAGE)[1] = 5;
    return [ring.byteLength, ring.view(Uint8Array, PAGE, 8)[1]].join();
  },
  "memory that grows": () => {
    const mmap = use(options().mapAnon());
    mmap.bytes[3] = 3;
    mmap.resize(64 * PAGE);
    mmap.bytes[64 * PAGE - 1] = 4;
    mmap.resize(PAGE);
    return [mmap.byteLength, mmap.bytes[3]].join();
  },
  "advice and locks": () => {
    const mmap = use(options().mapAnon());
    mmap.advise("normal");
    mmap.lock(0, PAGE);
    mmap.unlock(0, PAGE);
    mmap.bytes.fill(1, 0, PAGE);
    return mmap.resident(0, PAGE) >= PAGE;
  },
  "an advice that there is not": () => {
    const mmap = use(options().mapAnon());
    mmap.advise("nonsense" as never);
  },
  "raw memory": () => {
    const raw = options().mapAnon().intoRaw();
    const mmap = use(Mmap.unsafeFromRaw(raw.address, raw.byteLength));
    return [Object.keys(raw).join(), mmap.byteLength, typeof mmap.pointer === "undefined"].join();
  },
  "files, by path and URL and descriptor": () => {
    const files = [path, pathToFileURL(path), descriptor, { fd: descriptor }];
    return files.map((file) => {
      const mmap = use(new MmapOptions({ offset: PAGE }).map(file));
      const changed = use(new MmapOptions({ len: PAGE, guard: 1 }).mapMut(file));
      changed.bytes[0] = 8;
      changed.flush();
      changed.startFlush(0, 1);
      const target = new Uint8Array(2);
      changed.read(target);
      return [mmap.bytes[0], mmap.truncationGuarded, mmap.truncated, target.join(" ")].join();
    }).join();
  },
  "a file that grows": () => {
    const mmap = use(new MmapOptions().mapMut(path));
    mmap.resize(400_000);
    mmap.bytes[399_999] = 1;
    mmap.resize(300_000);
    return mmap.byteLength;
  },
  "a file without a guard, at an alignment": () => {
    const mmap = use(new MmapOptions({ truncationGuard: false, align: 4 * PAGE, populate: true })
      .map(path));
    const target = new Uint8Array(3);
    mmap.write(new Uint8Array([9]), 1);
    mmap.read(target);
    mmap.discard();
    return [target[1], mmap.bytes[1]].join();
  },
  "a file for reading": () => new MmapOptions().mapRead(path)[Symbol.dispose](),
  "code of a file": () => new MmapOptions().mapExec(path)[Symbol.dispose](),
  "a file that is not there": () => new MmapOptions().map(join(folder, "nothing")),
  "a folder": () => new MmapOptions().map(folder),
  "no file": () => new MmapOptions().map({} as never),
  "a closed descriptor": () => new MmapOptions().map(12_345),
  "named memory": () => {
    const mine = use(new MmapOptions({ len: PAGE }).mapShared(shared, { mode: "create" }));
    const theirs = use(new MmapOptions().mapShared(shared));
    mine.bytes[1] = 7;
    const seen = theirs.bytes[1];
    removeShared(shared);
    return seen;
  },
  "no named memory": () => new MmapOptions().mapShared(shared),
  "named memory that is there": () => {
    use(new MmapOptions({ len: PAGE }).mapShared(shared, { mode: "open-or-create" }));
    try {
      return new MmapOptions({ len: PAGE }).mapShared(shared, { mode: "create" });
    } finally {
      removeShared(shared);
    }
  },
  tickets: () => {
    const mmap = use(options().mapAnon());
    mmap.unsafeProtect("read", 0, PAGE);
    const first = mmap.share();
    const second = mmap.share();
    const same = use(Mmap.fromTicket(structuredClone(first)));
    same.view(Uint8Array, PAGE, 1)[0] = 6;
    Mmap.release(second);
    const keys = Object.keys(first).join();
    return [keys, mmap.view(Uint8Array, PAGE, 1)[0], same.accessAt(0)].join();
  },
  "many tickets": () => {
    const mmap = use(new MmapOptions().mapMut(path));
    const tickets = Array.from({ length: 600 }, () => mmap.share());
    for (const ticket of tickets) Mmap.release(ticket);
    mmap.resize(PAGE);
    return mmap.byteLength;
  },
  "no ticket": () => Mmap.fromTicket({} as never),
  "a ticket that was used": () => {
    const mmap = use(options().mapAnon());
    const ticket = mmap.share();
    Mmap.release(ticket);
    return Mmap.fromTicket(ticket);
  },
  "a call on a mapping that is shared": () => {
    const mmap = use(options().mapAnon());
    const ticket = mmap.share();
    try {
      mmap.resize(PAGE);
    } finally {
      Mmap.release(ticket);
    }
  },
  waits: () => {
    const mmap = use(options().mapAnon());
    return [mmap.wait(0, 1), mmap.wait(0, 0, 1), mmap.notify(0)].join();
  },
  "waits of another thread": async () => {
    const mmap = use(options().mapAnon());
    const words = mmap.view(Int32Array);
    const waits = [0, 4, 8].map((offset) => mmap.waitAsync(offset, 0, { timeout: 20_000 }));
    for (const offset of [0, 4, 8]) {
      Atomics.store(words, offset / 4, 1);
      mmap.notify(offset);
    }
    const results = await Promise.all(waits);
    const late = await mmap.waitAsync(12, 0, { timeout: 1, ref: true });
    return [...results, late].join();
  },
  "a wait that is aborted": async () => {
    const mmap = use(options().mapAnon());
    const controller = new AbortController();
    const wait = mmap.waitAsync(0, 0, { signal: controller.signal });
    controller.abort(new RangeError("aborted"));
    return await wait;
  },
  "a wait for what is closed": async () => {
    const mmap = options().mapAnon();
    const wait = mmap.waitAsync(0, 0);
    mmap.unmap();
    return await wait;
  },
  prefaulting: async () => {
    const mmap = use(options().mapAnon());
    let done = 0;
    await mmap.prefault({ byteOffset: 1, onProgress: (byteLength) => done = byteLength });
    return done;
  },
  "prefaulting that is aborted": async () => {
    const mmap = use(options().mapAnon());
    await mmap.prefault({ signal: AbortSignal.abort(new RangeError("aborted")) });
  },
  "all regions": () => {
    const mmap = use(options().mapAnon());
    mmap.bytes[0] = 1;
    const all = regions({ resident: true });
    const { address } = mmap;
    const region = all.find((one) =>
      address >= one.address && address < one.address + BigInt(one.byteLength)
    )!;
    return [Object.keys(region).join(), region.access, region.residentByteLength! > 0].join();
  },
  "the regions of no process": () => regions({ pid: 2 ** 31 - 1 }),
  "a handle that is closed": () => {
    const mmap = options().mapAnon();
    mmap.unmap();
    return mmap.bytes;
  },
  "held ranges that go": () => {
    for (let index = 0; index < 200; index++) {
      const mmap = options().mapAnon();
      mmap.bytes[0] = 1;
      mmap.unmap();
    }
    const mmap = options().mapAnon();
    const { address } = mmap;
    mmap.bytes[0] = 1;
    mmap.unmap();
    const again = use(new MmapOptions({ len: 4 * PAGE, hint: address, strict: true }).mapAnon());
    return [again.address === address, again.bytes[0]].join();
  },
};

const results: Results = [];
let count = 0;
for (const name of Object.keys(CALLS)) {
  const result = await outcome(CALLS[name]!);
  isLooking = true;
  results[count] = [name, result];
  count++;
  isLooking = false;
}
takeAway();
rmSync(folder, { recursive: true });
console.log(JSON.stringify({ names: names.length, found: found(), results }));
process.exit(0);
