/**
 * A cache that processes share: a hash table of a fixed size in named memory.
 * One process writes to it while several read, without locks: each slot has a
 * sequence number, which is odd while the writer is at it and another one
 * afterwards, so that a reader knows whether all that it has read belongs together. A
 * slot whose writer was killed half-way counts as empty. The program starts its
 * readers itself.
 *
 * `deno run -A examples/shared_cache.ts`, `bun examples/shared_cache.ts` or
 * `node examples/shared_cache.ts`.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { type Mmap, MmapOptions, removeShared } from "../mod.ts";

/** How many slots there are: a power of two. */
const SLOTS = 1024;
/** How long a slot is, in words of 4 bytes: its sequence number, the hash of its key, the lengths of key and value, and their bytes. */
const SLOT_WORDS = 64;
const [HASH, KEY_LENGTH, VALUE_LENGTH, BYTES] = [1, 2, 3, 4];
const MAX_BYTES = 4 * (SLOT_WORDS - BYTES);
/** How many slots a key can be in, from the one of its hash on. */
const PROBES = 8;
/** How often a reader looks at a slot that is written to. */
const ATTEMPTS = 10_000;
/** The first word tells whether all is written. */
const HEADER_WORDS = 16;

/**
 * The table, as one process has it. Other processes change it at any time: all
 * that is in it is loaded and stored by `Atomics`, in which order alone holds.
 */
class SharedCache implements Disposable {
  readonly #mmap: Mmap;
  readonly #words: Int32Array;
  /** The bytes of a slot that is read or written, of this process alone. */
  readonly #own: Int32Array = new Int32Array(SLOT_WORDS - BYTES);
  readonly #bytes: Uint8Array = new Uint8Array(this.#own.buffer);
  readonly #decoder: TextDecoder = new TextDecoder();
  readonly #encoder: TextEncoder = new TextEncoder();
  /** How often a reader found the writer at its slot, and read once more. */
  retries = 0;

  constructor(mmap: Mmap) {
    this.#mmap = mmap;
    this.#words = mmap.view(Int32Array);
  }

  /** Makes a table. */
  static create(name: string): SharedCache {
    const len = 4 * (HEADER_WORDS + SLOTS * SLOT_WORDS);
    return new SharedCache(new MmapOptions({ len }).mapShared(name, { mode: "create" }));
  }

  /** Opens the table of another process. */
  static open(name: string): SharedCache {
    return new SharedCache(new MmapOptions().mapShared(name));
  }

  /** Whether no more is written. */
  get isDone(): boolean {
    return Atomics.load(this.#words, 0) !== 0;
  }

  /** Tells that no more is written. */
  finish(): void {
    Atomics.store(this.#words, 0, 1);
  }

  /** Stores a value: one process alone may. Where all slots of the key are taken, it takes one of another key. */
  set(key: string, value: string): void {
    const words = this.#words;
    const hash = hashOf(key);
    const slots = slotsOf(hash);
    const slot = slots.find((slot) => this.#read(slot, hash)?.key === key) ??
      slots.find((slot) => Atomics.load(words, slot + HASH) === 0) ??
      slots[(hash >>> 16) % PROBES]!;
    const keyLength = this.#encode(key, 0);
    const valueLength = this.#encode(value, keyLength);
    Atomics.add(words, slot, 1); // odd: who reads it from here on reads it again
    Atomics.store(words, slot + HASH, hash);
    Atomics.store(words, slot + KEY_LENGTH, keyLength);
    Atomics.store(words, slot + VALUE_LENGTH, valueLength);
    for (let at = 0; 4 * at < keyLength + valueLength; at++) {
      Atomics.store(words, slot + BYTES + at, this.#own[at]!);
    }
    Atomics.add(words, slot, 1); // even, and another number than before
  }

  /** Finds a value. */
  get(key: string): string | undefined {
    const hash = hashOf(key);
    for (const slot of slotsOf(hash)) {
      const found = this.#read(slot, hash);
      if (found?.key === key) return found.value;
    }
    return undefined;
  }

  /** Writes a text to the process's own bytes; returns its length. */
  #encode(text: string, start: number): number {
    const { read, written } = this.#encoder.encodeInto(text, this.#bytes.subarray(start));
    if (read < text.length) {
      throw new RangeError(`A key and its value have at most ${MAX_BYTES} bytes together`);
    }
    return written;
  }

  /** Reads a slot until it is of one piece; `undefined` where it never is, or has another hash. */
  #read(slot: number, hash: number): { readonly key: string; readonly value: string } | undefined {
    const words = this.#words;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++, this.retries++) {
      const sequence = Atomics.load(words, slot);
      if ((sequence & 1) !== 0) continue;
      const found = Atomics.load(words, slot + HASH);
      const keyLength = Atomics.load(words, slot + KEY_LENGTH);
      const length = Math.min(keyLength + Atomics.load(words, slot + VALUE_LENGTH), MAX_BYTES);
      for (let at = 0; 4 * at < length; at++) {
        this.#own[at] = Atomics.load(words, slot + BYTES + at);
      }
      if (Atomics.load(words, slot) !== sequence) continue;
      if (found !== hash) return undefined;
      const text = (start: number, end: number) =>
        this.#decoder.decode(this.#bytes.subarray(start, end));
      return { key: text(0, keyLength), value: text(keyLength, length) };
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#mmap.unmap();
  }
}

/** FNV-1a, never 0: that is a slot which nothing is in. */
function hashOf(key: string): number {
  let hash = 0x811c_9dc5 | 0;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x0100_0193);
  return hash || 1;
}

/** Where the slots of a key start, in words. */
function slotsOf(hash: number): number[] {
  return Array.from(
    { length: PROBES },
    (_, probe) => HEADER_WORDS + ((hash + probe) & (SLOTS - 1)) * SLOT_WORDS,
  );
}

const KEYS = Array.from({ length: 200 }, (_, index) => `key ${index}`);
/** How many values are written at least, and for how long, so that all readers see some. */
const UPDATES = 20_000;
const DURATION_MS = 200;
const READERS = 3;

const MAX_VALUE_BYTES = 200;

/** A value that tells when it is not of one piece: one letter, many times. */
function valueOf(update: number): string {
  return String.fromCharCode(97 + update % 26).repeat(1 + update % MAX_VALUE_BYTES);
}

/** Reads until no more is written, and checks each value. */
function read(name: string): void {
  using cache = SharedCache.open(name);
  let [hits, round] = [0, 0];
  do {
    const value = cache.get(KEYS[round++ % KEYS.length]!);
    if (value === undefined) continue;
    if (value !== value[0]!.repeat(value.length)) throw new Error(`Torn: ${value}`);
    hits++;
  } while (!cache.isDone);
  console.log(`a reader found ${hits} values, all of one piece; it read ${cache.retries} again`);
}

/** Starts this program as a reader; returns what came of it. */
function startReader(name: string): Promise<number | null> {
  const file = fileURLToPath(import.meta.url);
  const { Deno } = globalThis as { Deno?: { execPath(): string } };
  const args = Deno === undefined ? process.execArgv : ["run", "--no-check", "-A"];
  const reader = spawn(Deno?.execPath() ?? process.execPath, [...args, file, name], {
    stdio: "inherit",
  });
  return new Promise((resolve) => reader.on("close", resolve));
}

/** Writes, while the readers read. */
async function write(): Promise<void> {
  const name = `sysalloc-cache-${randomUUID()}`;
  using cache = SharedCache.create(name);
  try {
    const readers = Array.from({ length: READERS }, () => startReader(name));
    const end = performance.now() + DURATION_MS;
    let update = 0;
    for (; update < UPDATES || performance.now() < end; update++) {
      cache.set(KEYS[update % KEYS.length]!, valueOf(update));
      if (update % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    cache.finish();
    const codes = await Promise.all(readers);
    if (codes.some((code) => code !== 0)) throw new Error(`Readers ended with ${codes}`);
    console.log(`${update} values were written while ${READERS} processes read them`);
  } finally {
    removeShared(name); // or it would stay when all have ended
  }
}

const [name] = process.argv.slice(2);
if (name === undefined) await write();
else read(name);
