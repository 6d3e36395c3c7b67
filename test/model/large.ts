/**
 * A mapping that is longer than the buffers that some runtimes share among its
 * views: some bytes of it are known, and all others are zero.
 *
 * @module
 */
import { type Access, type Mmap, MmapOptions } from "../../mod.ts";
import { platform } from "../support/harness.ts";
import { bad, countErrors, type Errors, words } from "./arguments.ts";
import type { Step, World } from "./sequence.ts";
import { equal, Mismatch, PAGE } from "./world.ts";

/** The calls that change access. */
const CHUNK = 2 ** 22;
/** Just above the 64 MiB up to which the library holds the buffers in Bun. */
const MIN_CHUNKS = 17;
/** The number of calls of a step: it is seldom, because mapping so much takes its time. */
const CALLS = 24;
const MAX_VIEW_BYTE_LENGTH = PAGE + 8;

interface LargeView {
  readonly bytes: Uint8Array;
  readonly start: number;
  /** The bounds of its buffer. */
  readonly bufferStart: number;
  readonly bufferEnd: number;
}

export class Large {
  #mmap: Mmap | undefined;
  #access: Access[] = [];
  readonly #bytes: Map<number, number> = new Map();
  #views: LargeView[] = [];

  /** Maps it, where it is not, and makes some calls. */
  take(world: World, [, , a, b, c]: Step): void {
    if (a % 8 !== 0) return;
    this.#mmap ??= this.#made(world, b);
    for (let call = 0; call < CALLS; call++) {
      a = (Math.imul(a + b, 25_173) + 13_849) >>> 8 & 0xffff;
      b = (Math.imul(b + c, 25_173) + 13_849) >>> 8 & 0xffff;
      c = (c * 31 + call) & 0xffff;
      this.#call(world, this.#mmap, a, b, c);
    }
  }

  #made(world: World, n: number): Mmap {
    const chunks = MIN_CHUNKS + n % 4;
    // Windows would set memory aside for all of it.
    const isReserved = platform === "win32" || n % 3 === 0;
    const options = new MmapOptions({ len: chunks * CHUNK, noReserve: true });
    const make = () => isReserved ? options.reserve() : options.mapAnon();
    this.clear();
    this.#access = Array<Access>(chunks).fill(isReserved ? "none" : "read-write");
    return world.call(`large of ${chunks}, ${isReserved ? "reserved" : "mapped"}`, [], make)!;
  }

  #call(world: World, mmap: Mmap, a: number, b: number, c: number): void {
    const first = b % this.#access.length;
    const last = Math.min(this.#access.length, first + 1 + (c >> 4) % 3);
    switch (a % 16) {
      case 0:
        return this.#change(world, "protect", first, last, ["none", "read", "read-write"][c % 3]);
      case 1:
        return this.#change(world, "commit", first, last, "read-write");
      case 2:
        return this.#change(world, "commit", 0, this.#access.length, "read-write");
      case 3:
        return c % 4 === 0 ? this.#change(world, "decommit", first, last, "none") : undefined;
      case 4:
        return this.#change(world, "discard", first, last, undefined);
      case 5:
        return this.#copy(world, mmap, "read", b, c);
      case 6:
        return this.#copy(world, mmap, "write", b, c);
      case 7:
        return this.#resize(world, mmap, c);
      case 8:
        return this.#useKept(b, c);
    }
    this.#view(world, mmap, a, b, c);
  }

  #view(world: World, mmap: Mmap, a: number, b: number, c: number): void {
    const [start, end] = this.#rangeOf(b, c);
    const value = a % 32 === 31 ? bad(c) : start;
    const errors: Errors = countErrors(value);
    const [first, last] = [Math.floor(start / CHUNK), Math.floor((end - 1) / CHUNK)];
    if (errors.length === 0 && !this.#isAll(first, last + 1, ["read-write"])) errors.push("EACCES");
    const name = `large.view(${words(value)}, ${end - start})`;
    const isZero = value !== start;
    const bytes = world.call(
      name,
      errors,
      () => mmap.view(Uint8Array, value as number, end - start),
      isZero ? ["EACCES", "RangeError"] : [],
    );
    if (bytes === undefined || isZero) return;
    equal(bytes.length, end - start, `The length of ${name}`);
    this.#check(bytes, start, name);
    if (this.#views.length >= 6) this.#views.shift();
    const bufferStart = start - bytes.byteOffset;
    const bufferEnd = bufferStart + bytes.buffer.byteLength;
    this.#views.push({ bytes, start, bufferStart, bufferEnd });
    this.#store(bytes, start, c);
  }

  /** Loads from and stores to a view that was made before. */
  #useKept(b: number, c: number): void {
    const view = this.#views[b % this.#views.length];
    if (view === undefined) return;
    this.#check(view.bytes, view.start, "A view of the large mapping");
    this.#store(view.bytes, view.start, c);
  }

  #copy(world: World, mmap: Mmap, verb: "read" | "write", b: number, c: number): void {
    const [start, end] = this.#rangeOf(b, c);
    const bytes = new Uint8Array(end - start);
    if (verb === "write") { for (let at = start; at < end; at++) bytes[at - start] = this.#at(at); }
    const before = new Map(this.#bytes);
    if (verb === "write") this.#store(bytes, start, c);
    const allowed: Access[] = verb === "read" ? ["read", "read-write"] : ["read-write"];
    const chunks = [Math.floor(start / CHUNK), Math.ceil(end / CHUNK)] as const;
    const errors = this.#isAll(...chunks, allowed) ? [] : ["EACCES"];
    world.call(`large.${verb}(${end - start}, ${start})`, errors, () => mmap[verb](bytes, start));
    if (errors.length > 0) this.#setBytes(before);
    else this.#check(bytes, start, "What was read of the large mapping");
  }

  #change(
    world: World,
    verb: "protect" | "commit" | "decommit" | "discard",
    first: number,
    last: number,
    access: string | undefined,
  ): void {
    const mmap = this.#mmap!;
    const [start, byteLength] = [first * CHUNK, (last - first) * CHUNK];
    const errors = verb === "discard" && !this.#isAll(first, last, ["read-write"])
      ? ["EACCES"]
      : [];
    world.call(`large.${verb}(${words(access, start, byteLength)})`, errors, () => {
      if (verb === "protect") mmap.unsafeProtect(access as Access, start, byteLength);
      else mmap[verb](start, byteLength);
    });
    if (errors.length > 0) return;
    if (verb === "protect" || verb === "decommit") this.#detach(first, last);
    if (verb === "decommit" || verb === "discard") {
      for (const at of this.#bytes.keys()) {
        if (at >= start && at < start + byteLength) this.#bytes.delete(at);
      }
    }
    for (let chunk = first; chunk < last; chunk++) {
      const before = this.#access[chunk]!;
      if (verb === "commit" && before === "none" || verb === "protect" || verb === "decommit") {
        this.#access[chunk] = access as Access;
      }
    }
  }

  #resize(world: World, mmap: Mmap, c: number): void {
    if (platform !== "linux") return; // all of it would be copied
    const chunks = MIN_CHUNKS + c % 4;
    const [access] = this.#access;
    const errors = this.#access.every((other) => other === access) ? [] : ["EACCES"];
    let isDone = false;
    world.call(`large.resize(${chunks})`, errors, () => {
      mmap.resize(chunks * CHUNK);
      isDone = true;
    }, access === "none" ? ["EACCES"] : []);
    if (errors.length === 0) this.#detach(0, this.#access.length);
    if (!isDone) return;
    this.#access = Array<Access>(chunks).fill(access!);
    for (const at of this.#bytes.keys()) if (at >= chunks * CHUNK) this.#bytes.delete(at);
  }

  /** Some bytes: at an edge of a chunk, across one, or anywhere. */
  #rangeOf(b: number, c: number): [number, number] {
    const total = this.#access.length * CHUNK;
    const chunk = b % this.#access.length * CHUNK;
    const start = Math.max(0, chunk + [0, -8, CHUNK / 2, PAGE, (b * 4099 + c) % CHUNK][c % 5]!);
    return [start, Math.min(total, start + 1 + c % MAX_VIEW_BYTE_LENGTH)];
  }

  #isAll(first: number, last: number, accesses: readonly Access[]): boolean {
    return this.#access.slice(first, last).every((access) => accesses.includes(access));
  }

  #detach(first: number, last: number): void {
    this.#views = this.#views.filter(({ bytes, start, bufferStart, bufferEnd }) => {
      if (bufferStart >= last * CHUNK || bufferEnd <= first * CHUNK) {
        this.#check(bytes, start, "A view beside the change of the large mapping");
        return true;
      }
      equal(bytes.length, 0, "The length of a stale view of the large mapping");
      return false;
    });
  }

  #at(at: number): number {
    return this.#bytes.get(at) ?? 0;
  }

  #setBytes(bytes: ReadonlyMap<number, number>): void {
    this.#bytes.clear();
    for (const [at, byte] of bytes) this.#bytes.set(at, byte);
  }

  /** Stores two bytes, and notes them. */
  #store(bytes: Uint8Array, start: number, c: number): void {
    for (const at of [0, bytes.length - 1]) {
      bytes[at] = c;
      this.#bytes.set(start + at, c & 255);
    }
  }

  #check(bytes: Uint8Array, start: number, what: string): void {
    const differs = bytes.findIndex((byte, at) => byte !== this.#at(start + at));
    if (differs < 0) return;
    throw new Mismatch("content", `${what} has ${bytes[differs]} at byte ${start + differs}`);
  }

  /** Checks the views, and unmaps. */
  end(world: World): void {
    const mmap = this.#mmap;
    if (mmap === undefined) return;
    for (const { bytes, start } of this.#views) this.#check(bytes, start, "A view at the end");
    world.call("large.unmap()", [], () => mmap.unmap());
    this.#detach(0, this.#access.length);
    this.clear();
  }

  /** Forgets it. */
  clear(): void {
    this.#mmap = undefined;
    this.#views = [];
    this.#bytes.clear();
  }
}
