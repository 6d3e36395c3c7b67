/**
 * A channel for messages between processes, by shared memory alone: a ring of
 * bytes with one sender and one receiver. A side sleeps in `wait()` while the ring
 * is full or empty, and `notify()` wakes it. `relay.ts` is a program that uses it.
 *
 * @module
 */
import type { Mmap } from "../mod.ts";

/** Words that count the bytes sent and received, modulo 2^32, each in its own cache line. */
const [SENT, RECEIVED] = [0, 16];
/**
 * Distance from a counter to its sleep word, which is odd while a side sleeps until the counter
 * changes. Each sleep has a new number.
 */
const SLEEP = 1;
/** Offset of the ring in bytes. */
const RING = 128;
/** Loads of a counter before a side sleeps: 1 µs. Spinning longer would block a shared core. */
const SPINS = 200;

/**
 * Messages in one direction. One thread alone sends and one alone receives, each
 * with its own `Channel` at the same place in the same memory, initially zero.
 *
 * A side throws if the other does nothing for too long. The channel is unusable
 * afterwards, because a part of a message may have been sent.
 *
 * `Atomics` access the words only. `set()` copies the bytes, and engines do not move
 * atomic accesses across that call.
 */
export class Channel {
  readonly #mmap: Mmap;
  readonly #byteOffset: number;
  readonly #capacity: number;
  readonly #timeoutMs: number;
  readonly #words: Int32Array;
  readonly #ring: Uint8Array;
  #sent: number;
  #received: number;

  /** The length of a channel in memory, in bytes. */
  static byteLength(capacity: number): number {
    return RING + capacity;
  }

  /**
   * @param byteOffset Offset of the channel: a multiple of 4, preferably of 64.
   * @param capacity Length of the ring in bytes: a power of two.
   * @param timeoutMs Maximum time that a side waits for the other.
   */
  constructor(mmap: Mmap, byteOffset: number, capacity: number, timeoutMs: number = 10_000) {
    if (!(capacity >= 16 && capacity <= 2 ** 30 && Number.isInteger(Math.log2(capacity)))) {
      throw new RangeError(`The capacity must be a power of two, 16 to 2^30, got ${capacity}`);
    }
    this.#mmap = mmap;
    this.#byteOffset = byteOffset;
    this.#capacity = capacity;
    this.#timeoutMs = timeoutMs;
    this.#words = mmap.view(Int32Array, byteOffset, Channel.byteLength(capacity) / 4);
    this.#ring = mmap.view(Uint8Array, byteOffset + RING, capacity);
    this.#sent = Atomics.load(this.#words, SENT);
    this.#received = Atomics.load(this.#words, RECEIVED);
  }

  /** Sends a message of any length, in pieces if it is long. Blocks while the ring is full. */
  send(message: Uint8Array): void {
    this.#awaitRoom(4);
    Atomics.store(this.#words, this.#wordAt(this.#sent), message.length);
    this.#sent += 4;
    for (let done = 0; done < message.length;) {
      const count = this.#pieceLength(this.#sent, this.#awaitRoom(1), message.length - done);
      this.#ring.set(message.subarray(done, done + count), this.#sent & (this.#capacity - 1));
      this.#sent += count;
      done += count;
      if (done < message.length) this.#publish(SENT, this.#sent);
    }
    this.#sent = aligned(this.#sent); // the next length does not cross the end of the ring
    this.#publish(SENT, this.#sent);
  }

  /** Receives a message. Blocks while there is none. */
  receive(): Uint8Array<ArrayBuffer> {
    this.#awaitBytes(4);
    const length = Atomics.load(this.#words, this.#wordAt(this.#received)) >>> 0;
    this.#received += 4;
    const message = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const count = this.#pieceLength(this.#received, this.#awaitBytes(1), length - done);
      const start = this.#received & (this.#capacity - 1);
      message.set(this.#ring.subarray(start, start + count), done);
      this.#received += count;
      done += count;
      this.#releaseRoom(this.#capacity / 4);
    }
    this.#received = aligned(this.#received);
    const isEmpty = Atomics.load(this.#words, SENT) === (this.#received | 0);
    this.#releaseRoom(isEmpty ? 1 : this.#capacity / 4);
    return message;
  }

  /** A piece ends at the end of the ring. It is short, so that both sides work at the same time. */
  #pieceLength(position: number, available: number, left: number): number {
    const toEnd = this.#capacity - (position & (this.#capacity - 1));
    return Math.min(left, available, toEnd, this.#capacity / 4);
  }

  #wordAt(position: number): number {
    return (RING + (position & (this.#capacity - 1))) / 4;
  }

  /** Waits for room in the ring; returns its length. */
  #awaitRoom(minimum: number): number {
    for (let received = Atomics.load(this.#words, RECEIVED);;) {
      const room = this.#capacity - ((this.#sent - received) >>> 0);
      if (room >= minimum) return room;
      this.#publish(SENT, this.#sent);
      received = this.#awaitChange(RECEIVED, received);
    }
  }

  /** Waits for bytes in the ring; returns their number. */
  #awaitBytes(minimum: number): number {
    for (let sent = Atomics.load(this.#words, SENT);;) {
      const bytes = (sent - this.#received) >>> 0;
      if (bytes >= minimum) return bytes;
      this.#releaseRoom(1);
      sent = this.#awaitChange(SENT, sent);
    }
  }

  /** Releases room from a minimum on: in a full ring, each release wakes the sender. */
  #releaseRoom(minimum: number): void {
    const held = (this.#received - Atomics.load(this.#words, RECEIVED)) >>> 0;
    if (held >= minimum) this.#publish(RECEIVED, this.#received);
  }

  /** Stores a counter. Calls the system only if the other side sleeps. */
  #publish(word: number, count: number): void {
    Atomics.store(this.#words, word, count);
    const sleep = Atomics.load(this.#words, word + SLEEP);
    if (sleep % 2 === 0) return;
    const woken = this.#mmap.notify(this.#byteOffset + 4 * word);
    // The side is awake or about to be: the next message need not wake it again.
    if (woken > 0) Atomics.compareExchange(this.#words, word + SLEEP, sleep, sleep + 1);
  }

  /** Waits until a counter changes; returns the new count. */
  #awaitChange(word: number, old: number): number {
    for (let spin = 0; spin < SPINS; spin++) {
      const count = Atomics.load(this.#words, word);
      if (count !== old) return count;
    }
    for (;;) {
      // Either the other side sees this number after it stores a count, or `wait()` sees the count.
      const sleep = Atomics.load(this.#words, word + SLEEP) | 1;
      Atomics.store(this.#words, word + SLEEP, sleep);
      const result = this.#mmap.wait(this.#byteOffset + 4 * word, old, this.#timeoutMs);
      Atomics.compareExchange(this.#words, word + SLEEP, sleep, sleep + 1);
      const count = Atomics.load(this.#words, word);
      if (count !== old) return count;
      if (result !== "timed-out") continue;
      const fault = word === SENT ? "sent nothing" : "received nothing";
      throw new Error(`The other side ${fault} for ${this.#timeoutMs} ms: it has ended or hangs`);
    }
  }
}

/** Rounds a number of bytes up to a multiple of 4. */
function aligned(position: number): number {
  return (position + 3) & ~3;
}
