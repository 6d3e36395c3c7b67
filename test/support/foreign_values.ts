/**
 * Arguments of another realm than the library's: a context of `node:vm`, or
 * the sandbox of Jest. Each call takes it as it takes the library's own.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import type * as Library from "../../mod.ts";
import type { ViewConstructor } from "../../mod.ts";

/** The mappings to try them with. */
export interface ForeignTry {
  readonly library: typeof Library;
  /** Evaluates an expression in the other realm. */
  readonly value: (source: string) => never;
  /** A file of at least 16 bytes. */
  readonly path: string;
}

type Check = (its: ForeignTry) => void | Promise<void>;

const TYPES = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  ...("Float16Array" in globalThis ? ["Float16Array"] : []),
  "Float32Array",
  "Float64Array",
  "DataView",
];

const LENGTH = 64;

function mapped({ MmapOptions }: typeof Library): Library.Mmap {
  return new MmapOptions({ len: LENGTH }).mapAnon();
}

/** Copies a view there and back, which has these bytes. */
function checkCopies({ library, value }: ForeignTry, source: string, bytes: number[]): void {
  const mmap = mapped(library);
  const view = value(source) as ArrayBufferView;
  mmap.write(view, 1);
  assertEquals([...mmap.view(Uint8Array, 0, bytes.length + 2)], [0, ...bytes, 0]);
  mmap.write(new Uint8Array(bytes.length + 1).fill(9));
  mmap.read(view);
  assertEquals(
    [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)],
    bytes.map(() => 9),
  );
  mmap.unmap();
}

/** Rejects with a reason of that realm, and no copy of it. */
async function checkAborted(
  { library, value }: ForeignTry,
  begin: (mmap: Library.Mmap, signal: never) => Promise<unknown>,
): Promise<void> {
  const mmap = mapped(library);
  // Not every realm has an AbortController.
  const controller: {
    readonly signal: never;
    abort(reason: unknown): void;
  } = value(`({
    signal: {
      aborted: false,
      reason: undefined,
      addEventListener(type, listener) { this.listeners.push(listener); },
      removeEventListener() { this.listeners.pop(); },
      listeners: [],
    },
    abort(reason) {
      Object.assign(this.signal, { aborted: true, reason });
      for (const listener of [...this.signal.listeners]) listener();
    },
  })`);
  const pending = begin(mmap, controller.signal);
  const reason = value(`new RangeError("enough")`);
  controller.abort(reason);
  const seen = await pending.then(() => "nothing", (error) => error);
  assert(seen === reason, String(seen));
  mmap.unmap();
}

/** All that is tried, by what it is. */
export const FOREIGN: Readonly<Record<string, Check>> = {
  "view() takes each type, and classes that extend it": ({ library, value }) => {
    const mmap = mapped(library);
    for (const name of TYPES) {
      for (
        const source of [
          name,
          `(class extends ${name} {})`,
          `(class extends ${name} { get [Symbol.toStringTag]() { return "Mine"; } })`,
          `new Proxy(${name}, {})`,
        ]
      ) {
        const type = value(source) as ViewConstructor<ArrayBufferView>;
        const view = mmap.view(type, 8);
        assertEquals(view.byteLength, LENGTH - 8, source);
        assert(ArrayBuffer.isView(view) && Object.getPrototypeOf(view) === type.prototype, source);
        assert(view.buffer === mmap.bytes.buffer, source);
        assertThrows(() => mmap.view(type, 0, LENGTH + 1), RangeError);
      }
    }
    mmap.unmap();
  },

  "view() refuses what makes no view": ({ library, value }) => {
    const mmap = mapped(library);
    for (
      const source of [
        "ArrayBuffer",
        "SharedArrayBuffer",
        "Map",
        "Object",
        "Function.prototype",
        "Object.getPrototypeOf(Uint8Array)",
        "() => {}",
        "new Uint8Array(8)",
        "Uint8Array.prototype",
        "'Uint8Array'",
      ]
    ) {
      assertThrows(() => mmap.view(value(source)), TypeError, "The type must be");
    }
    mmap.unmap();
  },

  "read() and write() take views": (its) => {
    const { value } = its;
    checkCopies(its, "new Uint8Array([1, 2, 3, 4])", [1, 2, 3, 4]);
    checkCopies(its, "new Uint8Array([1, 2, 3, 4]).subarray(1, 3)", [2, 3]);
    checkCopies(its, "new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1)", [2, 3, 4]);
    checkCopies(its, "new Uint8Array(new ArrayBuffer(4, { maxByteLength: 8 }))", [0, 0, 0, 0]);
    checkCopies(its, "new Uint8Array(new SharedArrayBuffer(4))", [0, 0, 0, 0]);
    checkCopies(its, "new DataView(new SharedArrayBuffer(4, { maxByteLength: 8 }))", [0, 0, 0, 0]);
    for (const name of TYPES) {
      const { byteLength } = value(`new ${name}(new ArrayBuffer(16))`) as ArrayBufferView;
      checkCopies(its, `new ${name}(new ArrayBuffer(16))`, Array(byteLength).fill(0));
    }
  },

  "read() and write() refuse what is no view, and what is detached": ({ library, value }) => {
    const mmap = mapped(library);
    for (
      const source of [
        "new ArrayBuffer(4)",
        "new SharedArrayBuffer(4)",
        "[1]",
        "Uint8Array.prototype",
      ]
    ) {
      assertThrows(
        () => mmap.write(value(source)),
        TypeError,
        "must be a typed array or a DataView",
      );
      assertThrows(
        () => mmap.read(value(source)),
        TypeError,
        "must be a typed array or a DataView",
      );
    }
    const detached =
      "(() => { const view = new Uint8Array(4); view.buffer.transfer(); return view; })()";
    assertThrows(() => mmap.write(value(detached)), TypeError, "is detached");
    mmap.unmap();
  },

  "indexOf() takes views": ({ library, value }) => {
    const mmap = mapped(library);
    mmap.write(Uint8Array.of(1, 2), 5);
    for (const source of ["new Uint16Array([513])", "new DataView(new Uint8Array([1]).buffer)"]) {
      assertEquals(mmap.indexOf(value(source)), 5);
    }
    assertThrows(() => mmap.count(value("new ArrayBuffer(4)")), TypeError, "must be a typed array");
    mmap.unmap();
  },

  "options are an object's own, or its class's": ({ library, value }) => {
    const { MmapOptions } = library;
    for (
      const source of [
        "({ len: 9 })",
        "Object.freeze({ len: 9n })",
        "Object.assign(Object.create(null), { len: 9 })",
        "Object.create({ len: 9 })",
        "new (class { get len() { return 9; } })()",
        "new Proxy({ len: 9 }, {})",
      ]
    ) {
      assertEquals(new MmapOptions(value(source)).settings.len, 9, source);
    }
    assertEquals(new MmapOptions(value("new Map([['len', 9]])")).settings.len, 0);
    assertThrows(() => new MmapOptions(value("({ length: 9 })")), TypeError, '"length" is unknown');
    assertThrows(() => new MmapOptions(value("[9]")), TypeError, '"0" is unknown');
  },

  "what is on the other Object.prototype is no option": ({ library, value }) => {
    const { MmapOptions, regions } = library;
    const root: Record<string, unknown> = value("Object.prototype");
    Object.assign(root, { len: 9, signal: 1, resident: 1, fd: 0, aborted: false });
    try {
      assertEquals(new MmapOptions(value("({})")).settings.len, 0);
      assertEquals(new MmapOptions(value("new (class {})()")).settings.len, 0);
      assertEquals(new MmapOptions(value("({ len: 8 })")).settings.len, 8);
      assertEquals(new MmapOptions(value("Object.create({ len: 8 })")).settings.len, 8);
      assert(Array.isArray(regions(value("({})"))));
      assertThrows(() => new MmapOptions().map(value("({})")), TypeError, "The file must be");
    } finally {
      for (const name of ["len", "signal", "resident", "fd", "aborted"]) delete root[name];
    }
  },

  "files are what looks like one": ({ library, value, path }) => {
    const { MmapOptions } = library;
    const url = new URL(`file://${path.startsWith("/") ? "" : "/"}${path.replaceAll("\\", "/")}`);
    const { href } = url;
    const urls = [url, value(`({ href: ${JSON.stringify(href)}, protocol: "file:" })`)];
    for (const source of [path, ...urls]) {
      const mmap = new MmapOptions().map(source as never);
      assert(mmap.byteLength >= 16);
      mmap.unmap();
    }
    for (const source of ["new Map()", "new Error()", "[]", "({ fd: '1' })"]) {
      assertThrows(() => new MmapOptions().map(value(source)), TypeError, "The file must be");
    }
  },

  "tickets are clones, and JSON": ({ library, value }) => {
    const { Mmap } = library;
    const mmap = mapped(library);
    mmap.bytes[0] = 7;
    const source = `(${JSON.stringify(mmap.share())})`;
    const same = Mmap.fromTicket(value(source));
    assertEquals(same.bytes[0], 7);
    for (const one of [same, mmap]) one.unmap();
    for (const wrong of [source, "new Map()", "({ slot: 1 })", "new Error()"]) {
      assertThrows(() => Mmap.fromTicket(value(wrong)));
    }
  },

  "regions() takes its options, and gives what it always gives": ({ library, value }) => {
    const mmap = mapped(library);
    const { address } = mmap;
    const found = library.regions(value("({ resident: true })"));
    assert(
      found.some((one) => one.address <= address && address < one.address + BigInt(one.byteLength)),
    );
    mmap.unmap();
  },

  "prefault() takes its options and functions": async ({ library, value }) => {
    const mmap = mapped(library);
    const seen: number[] = value("[]");
    const onProgress = (value("(seen) => (done, total) => { seen.push(done, total); }") as (
      seen: number[],
    ) => () => void)(seen);
    await mmap.prefault({ onProgress });
    assertEquals([...seen], [LENGTH, LENGTH]);
    const thrown = value("new Error('mine')");
    const options: Library.PrefaultOptions = (value(
      "(thrown) => ({ onProgress() { throw thrown; } })",
    ) as (thrown: unknown) => object)(thrown);
    assert(await mmap.prefault(options).then(() => "nothing", (error) => error) === thrown);
    mmap.unmap();
  },

  "prefault() is ended by a signal": (its) =>
    checkAborted(its, async (mmap, signal) => {
      await null; // it is aborted meanwhile
      await mmap.prefault({ signal });
    }),

  "waitAsync() is ended by a signal": (its) =>
    checkAborted(its, (mmap, signal) => mmap.waitAsync(0, 0, { signal })),

  "errors are of the library, and have the causes that there were": ({ library, value }) => {
    const { MmapError, MmapOptions } = library;
    const thrown = value("new Error('mine')");
    const init: object =
      (value("(thrown) => ({ get len() { throw thrown; } })") as (thrown: unknown) => object)(
        thrown,
      );
    let seen: unknown;
    try {
      new MmapOptions(init);
    } catch (error) {
      seen = error;
    }
    assert(seen === thrown);
    const error = new MmapError("x", value(`({ code: "EIO", cause: new Error("mine") })`));
    assertEquals([error.code, (error.cause as Error).message], ["EIO", "mine"]);
  },
};
