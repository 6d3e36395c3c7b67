import { assert, assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { type Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { test, unlessLinux, use } from "../support/harness.ts";

const PAGE = pageSize();
const KIB64 = 65_536;
const MIB = 2 ** 20;
const GIB = 2 ** 30;

test("protect() and decommit() keep views that do not overlap the changed pages", () => {
  const mmap = use(new MmapOptions({ len: 8 * MIB }).mapAnon());
  const below = mmap.view(Uint8Array, 0, MIB);
  const over = mmap.view(Uint8Array, 2 * MIB - 8, 16);
  const above = mmap.view(Uint8Array, 3 * MIB);
  const { bytes } = mmap;
  below.fill(1);
  above.fill(3);
  mmap.view(Uint8Array, 2 * MIB - 8, 16);
  mmap.unsafeProtect("read", 2 * MIB, PAGE);
  mmap.decommit(2 * MIB + PAGE, PAGE);
  assertEquals([over.length, bytes.length], [0, 0]);
  assertEquals([below.length, below[MIB - 1]], [MIB, 1]);
  assertEquals([above.length, above[0]], [5 * MIB, 3]);
  below[0] = 7;
  assertEquals(mmap.view(Uint8Array, 0, 1)[0], 7);
  mmap.unsafeProtect("read-write", 2 * MIB, 2 * PAGE);
  assertEquals(mmap.view(Uint8Array, 2 * MIB - 8, 16).length, 16);
});

/** A mapping of 4 MiB with holes, and the views that were made of it. */
class Guest {
  static readonly LENGTH = 4 * MIB;
  readonly mmap: Mmap = new MmapOptions({ len: Guest.LENGTH, noReserve: true }).mapAnon();
  readonly content: Uint8Array = new Uint8Array(Guest.LENGTH);
  readonly #isOpen: boolean[] = Array<boolean>(Guest.LENGTH / PAGE).fill(true);
  #views: { bytes: Uint8Array<ArrayBuffer>; start: number; from: number; to: number }[] = [];

  view(start: number, length: number, value: number): void {
    const pages = this.#isOpen.slice(Math.floor(start / PAGE), Math.ceil((start + length) / PAGE));
    const make = () => this.mmap.view(Uint8Array<ArrayBuffer>, start, length);
    if (pages.includes(false)) {
      assertEquals(assertThrows(make, MmapError).code, "EACCES");
      return;
    }
    const bytes = make();
    const { byteLength } = bytes.buffer;
    const from = start - bytes.byteOffset;
    assert(byteLength <= 2 * (length + KIB64), `${byteLength} bytes for ${length}`);
    const to = from + byteLength;
    assert(!this.#isOpen.slice(Math.floor(from / PAGE), Math.ceil(to / PAGE)).includes(false));
    this.#views.push({ bytes, start, from, to });
    const at = start + value % length;
    bytes[at - start] = value;
    this.content[at] = value;
  }

  change(verb: "protect" | "allow" | "decommit" | "commit", first: number, count: number): void {
    const [start, end] = [first * PAGE, (first + count) * PAGE];
    if (verb === "protect") this.mmap.unsafeProtect("none", start, end - start);
    if (verb === "allow") this.mmap.unsafeProtect("read-write", start, end - start);
    if (verb === "decommit") this.mmap.decommit(start, end - start);
    if (verb === "commit") this.mmap.commit(start, end - start);
    this.#isOpen.fill(verb === "allow" || verb === "commit", first, first + count);
    if (verb === "decommit") this.content.fill(0, start, end);
    if (verb !== "commit") this.#drop(start, end);
  }

  #drop(start: number, end: number): void {
    this.#views = this.#views.filter(({ bytes, from, to }) => {
      const isDetached = from < end && to > start;
      if (isDetached) assertEquals(bytes.length, 0);
      return !isDetached;
    });
    for (const { bytes, start } of this.#views) {
      assert(bytes.length > 0);
      for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
        assertEquals(bytes[at], this.content[start + at]);
      }
    }
  }

  unmap(): void {
    this.mmap.unmap();
    this.#drop(0, Guest.LENGTH);
  }
}

test("view(), protect(), commit() and decommit() keep just the views whose buffers they spare", () => {
  const pages = Guest.LENGTH / PAGE;
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        start: fc.nat(Guest.LENGTH - 1),
        length: fc.oneof(
          fc.integer({ min: 1, max: 2 * PAGE }),
          fc.integer({ min: 1, max: 2 * MIB }),
        ),
        value: fc.integer({ min: 1, max: 255 }),
      }),
    },
    fc.record({
      verb: fc.constantFrom("protect", "allow", "decommit", "commit"),
      first: fc.nat(pages - 1),
      count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 300 })),
    }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      const guest = new Guest();
      for (const step of steps) {
        if ("verb" in step) {
          guest.change(step.verb, step.first, Math.min(step.count, pages - step.first));
        } else guest.view(step.start, Math.min(step.length, Guest.LENGTH - step.start), step.value);
      }
      guest.unmap();
    }),
    { numRuns: 40 },
  );
});

test("view() makes few buffers, however many views", () => {
  const mmap = use(new MmapOptions({ len: GIB, noReserve: true }).mapAnon());
  const buffers = new Set<ArrayBuffer>();
  const views: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < GIB; at += KIB64) {
    const view = mmap.view(Uint8Array<ArrayBuffer>, at, 16);
    buffers.add(view.buffer);
    if (at % (16 * MIB) === 0) views.push(view);
  }
  assert(buffers.size < ("Bun" in globalThis ? GIB / KIB64 + 1 : 6000), `${buffers.size} buffers`);
  mmap.unmap();
  assertEquals(views.filter(({ length }) => length > 0), []);
}, { skip: unlessLinux("this system sets memory aside for all that is mapped") });

test("view() makes buffers of 64 KiB, and shorter ones once a change has detached one", () => {
  for (const len of [4 * MIB, 128 * MIB]) { // Bun has other buffers above 64 MiB
    const mmap = use(new MmapOptions({ len, noReserve: true }).mapAnon());
    const lengthAt = (byteOffset: number) => mmap.view(Uint8Array, byteOffset, 8).buffer.byteLength;
    assertEquals(lengthAt(0), KIB64);
    mmap.unsafeProtect("read", 0, PAGE);
    assertEquals(lengthAt(MIB), 4096);
  }
});

test("view() throws EBUSY for a buffer that was transferred away, and unmap() for any", () => {
  const mmap = new MmapOptions({ len: 4 * MIB }).mapAnon();
  const kept = mmap.view(Uint8Array, 0, 8);
  const moved = mmap.view(Uint8Array<ArrayBuffer>, 2 * MIB, 8).buffer.transfer();
  mmap.unsafeProtect("read", MIB, PAGE);
  assertEquals(kept.length, 8);
  for (
    const call of [
      () => mmap.view(Uint8Array, 2 * MIB, 8),
      () => mmap.unmap(),
      () => mmap.protect("read", 2 * MIB, PAGE),
      () => mmap.view(Uint8Array, 0, 8), // known by now
    ]
  ) assertEquals(assertThrows(call, MmapError).code, "EBUSY");
  new Uint8Array(moved)[0] = 1; // still mapped
});

test("view() throws EBUSY when the buffer of the view before was transferred away", () => {
  for (const type of [Uint8Array, Float64Array, DataView, Buffer]) {
    for (const length of [0, 8]) {
      const mmap = new MmapOptions({ len: KIB64 }).mapAnon();
      mmap.view(Uint8Array<ArrayBuffer>, 0, 8).buffer.transfer();
      assertEquals(assertThrows(() => mmap.view(type, 0, length), MmapError).code, "EBUSY");
    }
  }
});

test("unmap(), protect() and share() throw EBUSY for the transfer of any buffer that they change", () => {
  const calls: readonly ((mmap: Mmap) => unknown)[] = [
    (mmap) => mmap.unmap(),
    (mmap) => mmap.share(),
    (mmap) => mmap.unsafeProtect("read", 2 * MIB, PAGE),
    (mmap) => mmap.decommit(0, 3 * MIB),
  ];
  for (const call of calls) {
    const mmap = new MmapOptions({ len: 4 * MIB }).mapAnon();
    mmap.view(Uint8Array, 0, 8);
    mmap.view(Uint8Array<ArrayBuffer>, 2 * MIB, 8).buffer.transfer();
    assertEquals(assertThrows(() => call(mmap), MmapError).code, "EBUSY");
  }
});

test("view() makes nothing when a trap of its type unmaps", () => {
  const mmap = new MmapOptions({ len: 128 * MIB, noReserve: true }).mapAnon();
  const type = new Proxy(Uint8Array, {
    getOwnPropertyDescriptor(target, key) {
      mmap.unmap();
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
  });
  assertEquals(assertThrows(() => mmap.view(type, 0, MIB), MmapError).code, "EBADF");
});

test("view() throws what its type throws, also when the type unmaps or protects", () => {
  const acts: readonly ((mmap: Mmap) => void)[] = [
    () => {},
    (mmap) => mmap.unmap(),
    (mmap) => mmap.unsafeProtect("read"),
  ];
  for (const act of acts) {
    const mmap = use(new MmapOptions({ len: KIB64 }).mapAnon());
    const fail = (): number => {
      act(mmap);
      throw new Error("its own");
    };
    class Failing extends Uint8Array {
      constructor() {
        super(fail());
      }
    }
    mmap.view(Uint8Array, 0, 8); // the buffer of the next view
    assertThrows(() => mmap.view(Failing, 0, 8), Error, "its own");
  }
});

test("view(Buffer) makes a Buffer over the memory, and warns of nothing", () => {
  const mmap = use(new MmapOptions({ len: 65_536 }).mapAnon());
  const { emitWarning } = process;
  const warnings: unknown[] = [];
  Object.assign(process, { emitWarning: (...args: unknown[]) => void warnings.push(args) });
  try {
    const buffer = mmap.view(Buffer, 10, 5);
    buffer.write("hello");
    assertEquals([buffer.toString(), mmap.bytes[10], Buffer.isBuffer(buffer)], [
      "hello",
      104,
      true,
    ]);
    assertEquals(mmap.view(Buffer).length, 65_536);
  } finally {
    Object.assign(process, { emitWarning });
  }
  assertEquals(warnings, []);
});
