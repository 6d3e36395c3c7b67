/**
 * A cache that processes share: a hash table of fixed size in named memory. One
 * process writes while several read, without locks (a seqlock): each slot has a
 * sequence number that is odd during a write and different afterwards, so a reader
 * notices a torn read. If the writer is killed during a write, the slot counts as
 * empty. The program starts its readers itself.
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

/** Number of slots: a power of two. */
const SLOTS = 1024;
/** A slot in words: sequence number, hash of the key, lengths of key and value, and their bytes. */
const SLOT_WORDS = 64;
const [HASH, KEY_LENGTH, VALUE_LENGTH, BYTES] = [1, 2, 3, 4];
const MAX_BYTES = 4 * (SLOT_WORDS - BYTES);
/** Number of slots that a key can be in, starting at its hash. */
const PROBES = 8;
/** Attempts of a reader at a slot that keeps changing. */
const ATTEMPTS = 10_000;
/** The first word says whether the writer has finished. */
const HEADER_WORDS = 16;

/**
 * The table in one process. Other processes change it at any time, so all accesses
 * use `Atomics`: only these keep their order.
 */
class SharedCache implements Disposable {
  readonly #mmap: Mmap;
  readonly #words: Int32Array;
  /** A private copy of the bytes of a slot. */
  readonly #copy: Int32Array = new Int32Array(SLOT_WORDS - BYTES);
  readonly #bytes: Uint8Array = new Uint8Array(this.#copy.buffer);
  readonly #decoder: TextDecoder = new TextDecoder();
  readonly #encoder: TextEncoder = new TextEncoder();
  /** Number of reads that were repeated because of a write. */
  retries = 0;

  constructor(mmap: Mmap) {
    this.#mmap = mmap;
    this.#words = mmap.view(Int32Array);
  }

  /** Creates a table. */
  static create(name: string): SharedCache {
    const len = 4 * (HEADER_WORDS + SLOTS * SLOT_WORDS);
    return new SharedCache(new MmapOptions({ len }).mapShared(name, { mode: "create" }));
  }

  /** Opens the table of another process. */
  static open(name: string): SharedCache {
    return new SharedCache(new MmapOptions().mapShared(name));
  }

  /** True once the writer has finished. */
  get isDone(): boolean {
    return Atomics.load(this.#words, 0) !== 0;
  }

  /** Tells the readers that the writer has finished. */
  finish(): void {
    Atomics.store(this.#words, 0, 1);
  }

  /** Stores a value; only one process may. Replaces another key if all slots are taken. */
  set(key: string, value: string): void {
    const words = this.#words;
    const hash = hashOf(key);
    const slots = slotsOf(hash);
    const slot = slots.find((slot) => this.#read(slot, hash)?.key === key) ??
      slots.find((slot) => Atomics.load(words, slot + HASH) === 0) ??
      slots[(hash >>> 16) % PROBES]!;
    const keyLength = this.#encode(key, 0);
    const valueLength = this.#encode(value, keyLength);
    Atomics.add(words, slot, 1); // odd: readers try again
    Atomics.store(words, slot + HASH, hash);
    Atomics.store(words, slot + KEY_LENGTH, keyLength);
    Atomics.store(words, slot + VALUE_LENGTH, valueLength);
    for (let at = 0; 4 * at < keyLength + valueLength; at++) {
      Atomics.store(words, slot + BYTES + at, this.#copy[at]!);
    }
    Atomics.add(words, slot, 1); // even again, but a different number
  }

  /** Returns the value of a key. */
  get(key: string): string | undefined {
    const hash = hashOf(key);
    for (const slot of slotsOf(hash)) {
      const found = this.#read(slot, hash);
      if (found?.key === key) return found.value;
    }
    return undefined;
  }

  /** Encodes a text into the private copy; returns its length in bytes. */
  #encode(text: string, start: number): number {
    const { read, written } = this.#encoder.encodeInto(text, this.#bytes.subarray(start));
    if (read < text.length) {
      throw new RangeError(`A key and its value may have at most ${MAX_BYTES} bytes together`);
    }
    return written;
  }

  // #region read
  /** Reads a slot until the read is not torn; `undefined` if it never is, or has another hash. */
  #read(slot: number, hash: number): { readonly key: string; readonly value: string } | undefined {
    const words = this.#words;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++, this.retries++) {
      const sequence = Atomics.load(words, slot);
      if ((sequence & 1) !== 0) continue;
      const found = Atomics.load(words, slot + HASH);
      const keyLength = Atomics.load(words, slot + KEY_LENGTH);
      const length = Math.min(keyLength + Atomics.load(words, slot + VALUE_LENGTH), MAX_BYTES);
      for (let at = 0; 4 * at < length; at++) {
        this.#copy[at] = Atomics.load(words, slot + BYTES + at);
      }
      if (Atomics.load(words, slot) !== sequence) continue;
      if (found !== hash) return undefined;
      const text = (start: number, end: number) =>
        this.#decoder.decode(this.#bytes.subarray(start, end));
      return { key: text(0, keyLength), value: text(keyLength, length) };
    }
    return undefined;
  }
  // #endregion read

  [Symbol.dispose](): void {
    this.#mmap.unmap();
  }
}

/** FNV-1a, but never 0, which marks an empty slot. */
function hashOf(key: string): number {
  let hash = 0x811c_9dc5 | 0;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x0100_0193);
  return hash || 1;
}

/** Offsets of the slots for a hash, in words. */
function slotsOf(hash: number): number[] {
  return Array.from(
    { length: PROBES },
    (_, probe) => HEADER_WORDS + ((hash + probe) & (SLOTS - 1)) * SLOT_WORDS,
  );
}

const KEYS = Array.from({ length: 200 }, (_, index) => `key ${index}`);
/** Minimum number and duration of writes, so that all readers see some. */
const UPDATES = 20_000;
const DURATION_MS = 200;
const READERS = 3;

const MAX_VALUE_BYTES = 200;

/** A value that reveals a torn read: one letter, repeated. */
function valueOf(update: number): string {
  return String.fromCharCode(97 + update % 26).repeat(1 + update % MAX_VALUE_BYTES);
}

/** Reads until the writer has finished, and checks each value. */
function read(name: string): void {
  using cache = SharedCache.open(name);
  let [hits, round] = [0, 0];
  do {
    const value = cache.get(KEYS[round++ % KEYS.length]!);
    if (value === undefined) continue;
    if (value !== value[0]!.repeat(value.length)) throw new Error(`Torn read: ${value}`);
    hits++;
  } while (!cache.isDone);
  console.log(`a reader found ${hits} values, none torn, and repeated ${cache.retries} reads`);
}

/** Starts this program as a reader; resolves with its exit code. */
function startReader(name: string): Promise<number | null> {
  const file = fileURLToPath(import.meta.url);
  const { Deno } = globalThis as { Deno?: { execPath(): string } };
  const args = Deno === undefined ? process.execArgv : ["run", "--no-check", "-A"];
  const reader = spawn(Deno?.execPath() ?? process.execPath, [...args, file, name], {
    stdio: "inherit",
  });
  return new Promise((resolve) => reader.on("close", resolve));
}

/** Writes while the readers read. */
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
    console.log(`wrote ${update} values while ${READERS} processes read them`);
  } finally {
    removeShared(name); // the name would outlive all processes
  }
}

const [name] = process.argv.slice(2);
if (name === undefined) await write();
else read(name);
