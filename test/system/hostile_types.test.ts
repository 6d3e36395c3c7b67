import { assert, assertEquals } from "@std/assert";
import { Mmap, MmapOptions, pageSize, type ViewConstructor } from "../../mod.ts";
import { test } from "../support/harness.ts";

// Constructors that do anything while view() calls them. What they get is a buffer of the
// mapping, as all code has that has a view: every one dies with it.

const PAGE = pageSize();
const LENGTH = 4 * PAGE;

/** Acts of a constructor on the mapping, before or after its view is made; some return their undoing. */
const ACTIONS: Readonly<Record<string, (mmap: Mmap, buffer: ArrayBuffer) => unknown>> = {
  "does nothing": () => {},
  "unmaps": (mmap) => mmap.unmap(),
  "makes it shorter": (mmap) => mmap.resize(PAGE),
  "makes it longer": (mmap) => mmap.resize(64 * PAGE),
  "protects it": (mmap) => mmap.protect("none"),
  "decommits it": (mmap) => mmap.decommit(0, LENGTH),
  "shares it": (mmap) => {
    const ticket = mmap.share();
    return () => Mmap.release(ticket);
  },
  "gives it away": (mmap) => {
    const { address, byteLength } = mmap.intoRaw();
    return () => Mmap.unsafeFromRaw(address, byteLength).unmap();
  },
  "transfers the buffer": (_mmap, buffer) => void buffer.transfer(),
  "asks for another view": (mmap) => void mmap.view(Float64Array, 8),
  "throws": () => {
    throw new Error("a constructor's own");
  },
};

/** Ways to be a constructor; each calls `act` with the buffer that it is given. */
const MAKERS: Readonly<
  Record<string, (act: (buffer: ArrayBuffer) => void) => ViewConstructor<ArrayBufferView>>
> = {
  "a class that acts before": (act) =>
    class extends Uint8Array<ArrayBuffer> {
      constructor(buffer: ArrayBuffer, byteOffset?: number, length?: number) {
        act(buffer);
        super(buffer, byteOffset, length);
      }
    },
  "a class that acts after": (act) =>
    class extends Float64Array<ArrayBuffer> {
      constructor(buffer: ArrayBuffer, byteOffset?: number, length?: number) {
        super(buffer, byteOffset, length);
        act(buffer);
      }
    },
  "a class that takes all of the buffer": (act) =>
    class extends DataView<ArrayBuffer> {
      constructor(buffer: ArrayBuffer) {
        super(buffer);
        act(buffer);
      }
    },
  "a class that returns another object": (act) =>
    class extends Int8Array<ArrayBuffer> {
      constructor(buffer: ArrayBuffer) {
        super(buffer);
        act(buffer);
        return { buffer } as never;
      }
    },
  "a class with another size of elements": (act) =>
    class extends Float64Array<ArrayBuffer> {
      static override readonly BYTES_PER_ELEMENT: number = 1;
      constructor(buffer: ArrayBuffer, byteOffset?: number, length?: number) {
        act(buffer);
        super(buffer, byteOffset, length);
      }
    },
  "a class that loses its prototypes": (act) => {
    class Lost extends Uint16Array<ArrayBuffer> {
      constructor(buffer: ArrayBuffer, byteOffset?: number, length?: number) {
        act(buffer);
        super(buffer, byteOffset, length);
      }
    }
    return new Proxy(Lost, {
      get(target, name, receiver) {
        const value = Reflect.get(target, name, receiver);
        if (name === "BYTES_PER_ELEMENT") {
          Object.setPrototypeOf(Lost, Map);
          Object.setPrototypeOf(Lost.prototype, Map.prototype);
        }
        return value;
      },
    });
  },
  "a proxy that makes nothing of it": (act) =>
    new Proxy(BigInt64Array, {
      construct(_target, [buffer]) {
        act(buffer);
        return () => buffer;
      },
    }) as never,
  "a proxy that makes two": (act) =>
    new Proxy(Uint32Array, {
      construct(target, [buffer, byteOffset, length]) {
        new target(buffer, byteOffset, length);
        act(buffer);
        return new target(buffer, byteOffset, length);
      },
    }) as never,
  "a function with the prototype of one": (act) =>
    Object.assign(
      function (buffer: ArrayBuffer) {
        act(buffer);
      },
      { prototype: DataView.prototype },
    ) as never,
};

/** Mappings whose views have buffers of each kind. */
const MAPPINGS: Readonly<Record<string, () => Mmap>> = {
  "a mapping": () => new MmapOptions({ len: LENGTH }).mapAnon(),
  "a part of one": () => {
    const mmap = new MmapOptions({ len: 8 * PAGE }).mapAnon();
    mmap.protect("read", 0, 4 * PAGE);
    return mmap;
  },
  "a mirror": () => new MmapOptions({ len: 16 * PAGE }).mapMirrored(),
  "a long one": () => new MmapOptions({ len: 2 ** 27, noReserve: true }).mapAnon(),
};

// Opened before the tests: Deno counts a library that a test opens as a leak.
new MmapOptions({ len: 4 }).mapAnon().unmap();

for (const [maker, typeThat] of Object.entries(MAKERS)) {
  test(`view() of ${maker} gives no buffer that outlives the mapping`, () => {
    for (const [name, map] of Object.entries(MAPPINGS)) {
      for (const [what, action] of Object.entries(ACTIONS)) {
        const mmap = map();
        const start = name === "a part of one" ? 4 * PAGE : 0;
        mmap.view(Uint8Array, start, 1)[0] = 1;
        const buffers = new Set<ArrayBuffer>();
        let undo: unknown;
        const type = typeThat((buffer) => {
          buffers.add(buffer);
          undo = action(mmap, buffer);
        });
        try {
          mmap.view(type, start, PAGE / 8);
        } catch (error) {
          // Of what it does, of the language, or of the call.
          assert(error instanceof Error, `${name}, ${what}: ${error}`);
        }
        assertEquals(buffers.size, 1, `${name}, ${what}`);
        const isSafe = !mmap.closed && mmap.accessAt(start) === "read-write" &&
          what !== "transfers the buffer";
        if (isSafe) assertEquals(mmap.view(Uint8Array, start, PAGE).length, PAGE, what);
        let isMoved = false;
        try {
          mmap.unmap();
        } catch (error) {
          assertEquals([what, (error as { code?: string }).code], [
            "transfers the buffer",
            "EBUSY",
          ]);
          isMoved = true;
        }
        if (what === "transfers the buffer") assert(isMoved, `${name}, ${maker}`);
        for (const buffer of buffers) assert(buffer.detached, `${name}, ${what}`);
        if (typeof undo === "function") undo();
      }
    }
  });
}
