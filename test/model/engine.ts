/**
 * Files in WebAssembly memories, and shared buffers: the bytes of the memories
 * are known, whoever stores to them.
 *
 * @module
 */
import { type Mmap, MmapOptions } from "../../mod.ts";
import { runtime } from "../support/harness.ts";
import {
  type ByteModule,
  makeMemory,
  MEMORY_KINDS,
  moduleOver,
  WASM_PAGE,
  withoutEngineMemory,
} from "../support/wasm_module.ts";
import { bad, countErrors, words } from "./arguments.ts";
import type { Step, World } from "./sequence.ts";
import { checkContent, equal, isByte, Mismatch, type Model, PAGE, store } from "./world.ts";

/** The number of calls of a step. */
const CALLS = 8;
const MEMORIES = 2;
/** The longest memory, in pages of WebAssembly. */
const MAXIMUM = 6;
const MAX_ENTRIES = 6;

/** A memory; the bytes of `own` are its own where no file is mapped. */
interface Memory {
  readonly memory: WebAssembly.Memory;
  readonly module: ByteModule;
  readonly own: Uint8Array;
}

/** A mapping in a memory, or in a shared buffer of its own. */
interface Entry {
  readonly mmap: Mmap;
  readonly model: Model;
  readonly memory: Memory | undefined;
  readonly place: number;
}

/** The mappings in memory of the engine. */
export class EngineMappings {
  #memories: (Memory | undefined)[] = [];
  #entries: Entry[] = [];

  /** Makes some calls. */
  take(world: World, [, , a, b, c]: Step): void {
    if (withoutEngineMemory !== undefined || a % 3 !== 0) return;
    for (let call = 0; call < CALLS; call++) {
      a = (Math.imul(a + b, 25_173) + 13_849) >>> 8 & 0xffff;
      b = (Math.imul(b + c, 25_173) + 13_849) >>> 8 & 0xffff;
      c = (c * 31 + call) & 0xffff;
      this.#call(world, a, b, c);
    }
  }

  #call(world: World, a: number, b: number, c: number): void {
    const memory = this.#memories[b % MEMORIES] ??= made(b >> 3);
    const entry = this.#entries[c % MAX_ENTRIES];
    switch (a % 12) {
      case 0:
      case 1:
      case 2:
        return this.#map(world, memory, a >> 4, b >> 4, c >> 3);
      case 3:
        return this.#mapBuffer(world, a >> 4, b, c);
      case 4:
        return grow(memory);
      case 5:
        return this.#storeTo(memory, a >> 4, b >> 1, c);
      case 6:
        return this.#drop(b % MEMORIES, c);
    }
    if (entry === undefined) return;
    if (a % 12 === 7) this.#unmap(world, entry);
    else if (a % 12 === 8) refuse(world, entry, c >> 3);
    else if (a % 12 === 9) storeBy(world, entry, a >> 4, b, c);
    else check(world, entry);
  }

  /** Maps a part of a file to a place in a memory, good or bad. */
  #map(world: World, memory: Memory, a: number, b: number, c: number): void {
    if (this.#entries.length >= MAX_ENTRIES) return;
    const file = world.files.all[a % 3]!;
    const pages = memory.memory.buffer.byteLength / PAGE;
    const place = a % 16 === 15 ? bad(c) : c % 4 === 0 ? "grow" : PAGE * (c % (pages + 1));
    const offset = PAGE * (b % 4);
    const rest = file.bytes.length - offset;
    const byteLength = b % 3 === 0 ? 1 + (c * 37) % (2 * PAGE) : Math.max(0, rest);
    const growth = Math.ceil(byteLength / WASM_PAGE);
    const start = typeof place === "number" ? place : PAGE * pages;
    const end = start + PAGE * Math.ceil(byteLength / PAGE);
    const errors = place === "grow" ? [] : countErrors(place);
    if (typeof place === "bigint" && errors.length === 0) return; // a place like others
    if (errors.length === 0) {
      const isThere = place === "grow"
        ? pages + growth * WASM_PAGE / PAGE <= MAXIMUM * WASM_PAGE / PAGE
        : start % PAGE === 0 && end <= PAGE * pages;
      if (byteLength > rest || rest <= 0 || !isThere) errors.push("RangeError");
      else if (this.#isTaken(memory, start, end)) errors.push("EEXIST");
    }
    const isPrivate = b % 2 === 0;
    const mmap = world.call(
      `engine.map(${words(place)}, ${offset}, ${byteLength}, ${isPrivate})`,
      errors,
      () => {
        const options = new MmapOptions({ offset, len: byteLength })
          .into(memory.memory, place as number);
        return isPrivate ? options.map(file.path) : options.mapMut(file.path);
      },
    );
    if (mmap === undefined) return;
    equal(mmap.byteOffset, start, "The byteOffset in a memory");
    equal(mmap.buffer === memory.memory.buffer, true, "The buffer of the memory is the mapping's");
    const model = modelOf(isPrivate ? "private" : "shared", byteLength);
    this.#entries.push({
      mmap,
      memory,
      place: start,
      model: { ...model, file, fileOffset: offset },
    });
  }

  /** Makes a shared buffer. */
  #mapBuffer(world: World, a: number, b: number, c: number): void {
    // Each takes gigabytes of addresses until the collector finds it.
    if (this.#entries.length >= MAX_ENTRIES || a % 4 !== 0) return;
    const file = b % 2 === 0 ? undefined : world.files.all[c % 3]!;
    const byteLength = file?.bytes.length ?? 1 + b;
    const options = new MmapOptions({ len: byteLength, sharedBuffer: true });
    const mmap = world.call(
      `engine.sharedBuffer(${byteLength})`,
      [],
      () => file === undefined ? options.mapAnon() : options.mapMut(file.path),
    )!;
    equal(mmap.byteOffset, 0, "The byteOffset in a shared buffer");
    const { buffer } = mmap;
    equal(Object.prototype.toString.call(buffer), "[object SharedArrayBuffer]", "The buffer");
    const model = { ...modelOf(file === undefined ? "memory" : "shared", byteLength), file };
    this.#entries.push({ mmap, memory: undefined, place: 0, model });
  }

  #isTaken(memory: Memory, start: number, end: number): boolean {
    return this.#entries.some((entry) =>
      entry.memory === memory && entry.place < end && endOf(entry) > start
    );
  }

  /** Stores by the module, or by a view of the memory. */
  #storeTo(memory: Memory, a: number, b: number, c: number): void {
    const at = (b * 97) % memory.memory.buffer.byteLength;
    const entry = this.#entries.find((entry) =>
      entry.memory === memory && entry.place <= at && at < endOf(entry)
    );
    // Between the last byte of a mapping and the end of its page: nobody looks there.
    if (entry !== undefined && at - entry.place >= entry.model.byteLength) return;
    if (a % 2 === 0) memory.module.store(at, c & 255);
    else new Uint8Array(memory.memory.buffer)[at] = c;
    if (entry === undefined) memory.own[at] = c;
    else store(entry.model, at - entry.place, Uint8Array.of(c));
    equal(memory.module.load(at), c & 255, "A byte that was stored to a memory");
    if (entry !== undefined) checkByte(entry, at - entry.place);
  }

  #unmap(world: World, entry: Entry): void {
    const { mmap, memory, place, model: { byteLength } } = entry;
    const { bytes } = mmap;
    world.call("engine.unmap", [], () => mmap.unmap());
    this.#entries = this.#entries.filter((other) => other !== entry);
    equal(mmap.closed, true, "closed");
    equal([bytes.length, bytes[0], bytes[byteLength - 1]].join(), `${byteLength},0,0`, "A view");
    memory?.own.fill(0, place, endOf(entry));
  }

  /** Forgets a memory and its handles, which V8 unmaps once it collects them. */
  #drop(index: number, c: number): void {
    if (runtime === "bun" || c % 4 !== 0) return;
    const dropped = this.#memories[index];
    this.#memories[index] = undefined;
    this.#entries = this.#entries.filter(({ memory }) => memory !== dropped);
  }

  /** Checks all, and unmaps all. */
  end(world: World): void {
    for (const entry of [...this.#entries]) {
      check(world, entry);
      this.#unmap(world, entry);
    }
    for (const memory of this.#memories) if (memory !== undefined) checkOwn(memory);
  }

  /** Forgets all, where a sequence ended early. */
  clear(): void {
    for (const { mmap } of this.#entries) mmap.unmap();
    this.#entries = [];
    this.#memories = [];
  }
}

function made(n: number): Memory {
  const memory = makeMemory(MEMORY_KINDS[n % MEMORY_KINDS.length], 1 + n % 2, MAXIMUM);
  return { memory, module: moduleOver(memory), own: new Uint8Array(MAXIMUM * WASM_PAGE) };
}

function grow({ memory, module }: Memory): void {
  if (memory.buffer.byteLength < MAXIMUM * WASM_PAGE) module.grow(1);
}

function modelOf(source: "memory" | "private" | "shared", byteLength: number): Model {
  const pages = Math.ceil(byteLength / PAGE);
  const isPrivate = source === "private";
  return {
    source,
    byteLength,
    skip: 0,
    access: Array(pages).fill(isPrivate ? "copy-on-write" : "read-write"),
    own: new Uint8Array(byteLength),
    copied: new Uint8Array(pages),
    file: undefined,
    fileOffset: 0,
    capacity: 0,
    guards: [0, 0],
    lost: undefined,
    isClosed: false,
    isTransferred: false,
    wasLocked: false,
    isLent: false,
    hasStrangers: false,
  };
}

function endOf({ place, model }: Entry): number {
  return place + PAGE * model.access.length;
}

/** Calls that memory of the engine refuses. */
function refuse(world: World, { mmap }: Entry, n: number): void {
  const calls: readonly (() => unknown)[] = [
    () => mmap.protect("read"),
    () => mmap.unsafeProtect("none"),
    () => mmap.commit(0, PAGE),
    () => mmap.decommit(0, PAGE),
    () => mmap.resize(1),
    () => mmap.share(),
    () => mmap.intoRaw(),
  ];
  world.call(
    `engine.refuse(${n % calls.length})`,
    ["ENOTSUP", "RangeError"],
    calls[n % calls.length]!,
  );
}

/** Stores by the handle. */
function storeBy(world: World, { mmap, model }: Entry, a: number, b: number, c: number): void {
  const start = (b * 97) % model.byteLength;
  const bytes = new Uint8Array(1 + c % (model.byteLength - start)).fill(c);
  world.call(`engine.write(${start}, ${bytes.length})`, [], () => {
    if (a % 3 === 0) mmap.write(bytes, start);
    else if (a % 3 === 1) mmap.view(Uint8Array, start, bytes.length).set(bytes);
    else mmap.bytes.set(bytes, start);
  });
  store(model, start, bytes);
}

function check(world: World, entry: Entry): void {
  const { mmap, memory, place, model } = entry;
  const copied = new Uint8Array(model.byteLength);
  world.call("engine.read", [], () => mmap.read(copied));
  checkContent(model, 0, copied, "What was read from a memory");
  checkContent(model, 0, mmap.bytes, "The bytes in a memory");
  equal(mmap.closed, false, "closed");
  if (memory === undefined) return;
  equal(mmap.byteOffset, place, "The byteOffset in a memory");
  for (const at of [0, model.byteLength - 1]) {
    checkByte(entry, at);
    if (isByte(model, at, memory.module.load(place + at))) continue;
    throw new Mismatch("content", `The module loads another byte ${at}`);
  }
}

function checkByte({ mmap, model }: Entry, at: number): void {
  if (isByte(model, at, mmap.view(Uint8Array, at, 1)[0])) return;
  throw new Mismatch("content", `A view in a memory has another byte ${at}`);
}

/** Compares what is the memory's own, where nothing is mapped. */
function checkOwn({ memory, own }: Memory): void {
  const bytes = new Uint8Array(memory.buffer);
  const at = bytes.findIndex((byte, at) => byte !== own[at]);
  if (at >= 0) throw new Mismatch("content", `A memory has ${bytes[at]} at byte ${at}`);
}
