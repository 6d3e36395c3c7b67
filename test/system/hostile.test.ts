import { assert, assertEquals } from "@std/assert";
import { openSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { Mmap, MmapOptions, pageSize, regions } from "../../mod.ts";
import { test, use } from "../support/harness.ts";
import { SharedName } from "../support/shared_names.ts";
import { pattern, TempFolder } from "../support/temp_files.ts";

// Objects of a caller whose every property is a getter, which does something to the
// mapping and answers another time otherwise. Each property is read once: what was checked
// is what is used.

const PAGE = pageSize();
const LENGTH = 4 * PAGE;

/** Acts of a getter on the mapping of the call. */
const ACTIONS: Readonly<Record<string, (mmap: Mmap, call: () => unknown) => void>> = {
  "does nothing": () => {},
  "unmaps": (mmap) => mmap.unmap(),
  "makes it shorter": (mmap) => mmap.resize(PAGE),
  "makes it longer": (mmap) => mmap.resize(64 * PAGE),
  "protects it": (mmap) => mmap.protect("none"),
  "decommits it": (mmap) => mmap.decommit(0, LENGTH),
  "shares it": (mmap) => {
    mmap.share();
  },
  "transfers a buffer": (mmap) => {
    mmap.bytes.buffer.transfer();
  },
  "gives it away": (mmap) => {
    mmap.intoRaw();
  },
  "calls the same again": (_mmap, call) => void call(),
  "throws": () => {
    throw new Error("a getter's own");
  },
};

/** Types whose constants of the class a getter can stand for. */
class Bytes extends Uint8Array {
  static override readonly BYTES_PER_ELEMENT: number = 1;
}
class Words extends BigUint64Array {
  static override readonly BYTES_PER_ELEMENT: number = 8;
}

/** Properties that may be read again: a signal can be aborted at any time, and is listened to after it was checked. */
const LIVE: readonly string[] = ["aborted", "reason", "addEventListener", "removeEventListener"];

/** Reads that are watched. */
class Watch {
  readonly reads: Map<string, number> = new Map();
  readonly #act: () => void;
  #isActing = false;

  constructor(act: () => void) {
    this.#act = act;
  }

  /** An object with these properties, each a getter. */
  of<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (object, name) => {
        const value: unknown = Reflect.get(object, name, object);
        const isWatched = typeof name === "string" && name !== "prototype" && !this.#isActing;
        if (!isWatched) return value;
        const count = (this.reads.get(name) ?? 0) + 1;
        this.reads.set(name, count);
        this.#isActing = true; // what is called again is given the same objects
        try {
          this.#act();
        } finally {
          this.#isActing = false;
        }
        if (typeof value === "function") {
          return name === "addEventListener" || name === "removeEventListener"
            ? value.bind(object)
            : value;
        }
        if (typeof value === "object" && value !== null) return this.of(value);
        return count === 1 || LIVE.includes(name) ? value : otherThan(value);
      },
    });
  }
}

/** Another answer of the same type. */
function otherThan(value: unknown): unknown {
  switch (typeof value) {
    case "number":
      return 2 ** 40;
    case "bigint":
      return 2n ** 62n;
    case "string":
      return `${value}\0`;
    case "boolean":
      return !value;
    default:
      return value;
  }
}

type Call = (mmap: Mmap, watch: Watch, folder: TempFolder) => unknown;

const CALLS: Readonly<Record<string, Call>> = {
  "new MmapOptions()": (_mmap, watch) =>
    use(
      new MmapOptions(
        watch.of({
          len: PAGE,
          hint: 0n,
          populate: true,
          noReserve: false,
          strict: true,
          offset: 0,
          align: 0,
          guard: 0,
          huge: false,
          stack: false,
          name: "name",
          truncationGuard: true,
          sharedBuffer: false,
        }),
      ).mapAnon(),
    ),
  "map() of a URL": (_mmap, watch, folder) => {
    const { href, protocol } = pathToFileURL(folder.file("file", pattern(LENGTH)));
    return use(new MmapOptions().map(watch.of({ href, protocol }) as never));
  },
  "map() of a descriptor": (_mmap, watch, folder) =>
    use(new MmapOptions().map(watch.of({ fd: openSync(folder.file("file", pattern(9)), "r") }))),
  "mapShared()": (_mmap, watch) => {
    const { name } = use(new SharedName());
    return use(new MmapOptions({ len: 9 }).mapShared(name, watch.of({ mode: "create" } as const)));
  },
  "regions()": (_mmap, watch) => regions(watch.of({ resident: true })),
  "Mmap.fromTicket()": (_mmap, watch) => {
    const other = use(new MmapOptions({ len: PAGE }).mapAnon());
    return use(Mmap.fromTicket(watch.of({ ...other.share() })));
  },
  "Mmap.release()": (_mmap, watch) => {
    const other = use(new MmapOptions({ len: PAGE }).mapAnon());
    return Mmap.release(watch.of({ ...other.share() }));
  },
  "view()": (mmap, watch) =>
    mmap.view(watch.of(Bytes as typeof Uint8Array), PAGE, 3 * PAGE).fill(1),
  "view() of words": (mmap, watch) =>
    mmap.view(watch.of(Words as typeof BigUint64Array), LENGTH - 8)[0],
  "view() of a DataView": (mmap, watch) => mmap.view(watch.of(DataView)).byteLength,
  "prefault()": (mmap, watch) => {
    const { signal } = new AbortController();
    return mmap.prefault(watch.of({ byteOffset: PAGE, byteLength: PAGE, signal }));
  },
  "waitAsync()": (mmap, watch) => {
    const { signal } = new AbortController();
    return mmap.waitAsync(LENGTH - 4, 0, watch.of({ timeout: 1, signal, ref: true }));
  },
  "flushAsync()": (mmap, watch) => {
    const { signal } = new AbortController();
    return mmap.flushAsync(0, PAGE, watch.of({ signal }));
  },
  "waitAsync() of a signal that is aborted": (mmap, watch) =>
    mmap.waitAsync(0, 0, watch.of({ signal: AbortSignal.abort() })),
};

// Opened before the tests: Deno counts a library that a test opens as a leak.
await new MmapOptions({ len: 4 }).mapAnon().prefault();
regions({ resident: true });

for (const [name, call] of Object.entries(CALLS)) {
  test(`${name} reads each property of what it is given once, whatever its getters do`, async () => {
    const folder = use(new TempFolder());
    for (const [what, action] of Object.entries(ACTIONS)) {
      for (let at = 0;; at++) {
        const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
        mmap.bytes[0] = 1;
        let count = 0;
        const pending: unknown[] = [];
        const again = () => pending.push(call(mmap, watch, folder));
        const watch: Watch = new Watch(() => {
          if (count++ === at) action(mmap, again);
        });
        try {
          again();
        } catch (error) {
          assert(error instanceof Error || what === "throws", `${what}: ${error}`);
        }
        for (const promise of pending) await Promise.allSettled([promise]); // one can begin another
        for (const [property, reads] of watch.reads) {
          assert(
            reads === 1 || LIVE.includes(property),
            `${what}: ${property} is read ${reads} times`,
          );
        }
        if (!mmap.closed && mmap.access === "read-write" && what !== "transfers a buffer") {
          assertEquals(mmap.view(Uint8Array, 0, PAGE).length, PAGE, what);
        }
        try {
          mmap.unmap();
        } catch (error) {
          assertEquals([what, (error as { code?: string }).code], ["transfers a buffer", "EBUSY"]);
        }
        if (count <= at || what === "does nothing") break;
      }
    }
  });
}
