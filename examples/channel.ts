/**
 * Messages between processes of different runtimes, by shared memory alone: a
 * ring of bytes with one sender and one receiver, who sleep by `wait()` when it is
 * full or empty, and are woken by `notify()`. The program starts two others, each in
 * another runtime where that is installed, and passes messages around all three.
 *
 * `deno run -A examples/channel.ts`, `bun examples/channel.ts` or
 * `node examples/channel.ts`.
 *
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Mmap, MmapOptions, removeShared } from "../mod.ts";

/** How many bytes were sent and received, modulo 2^32, in words: each in a line of the cache of its own. */
const [SENT, RECEIVED] = [0, 16];
/** The word behind each is odd while somebody sleeps until it changes; it gets a new number each time. */
const SLEEP = 1;
/** Where the ring starts, in bytes. */
const RING = 128;
/** How often a side looks before it sleeps: about a microsecond. More would keep the other side from a core that both share. */
const LOOKS = 200;

/**
 * Messages one way: one thread alone sends, and one alone receives, each by a
 * `Channel` of its own at the same place of the same memory, which is 0 at first.
 *
 * Each side throws where the other one does nothing for too long. A channel is of no
 * use any more then: a message may have gone in part.
 *
 * Only words are stored and loaded by `Atomics`. The bytes are copied by `set()`, a
 * call past which the engines move neither.
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

  /** How long the memory is that a channel takes, in bytes. */
  static byteLength(capacity: number): number {
    return RING + capacity;
  }

  /**
   * @param byteOffset Where it is: a multiple of 4, better of 64.
   * @param capacity How long the ring is, in bytes: a power of two.
   * @param timeoutMs How long each side waits for the other one to do anything.
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

  /** Sends a message of any length. It blocks while the ring is full: what is longer goes in pieces. */
  send(message: Uint8Array): void {
    this.#awaitRoom(4);
    Atomics.store(this.#words, this.#wordOf(this.#sent), message.length);
    this.#sent += 4;
    for (let done = 0; done < message.length;) {
      const count = this.#pieceAt(this.#sent, this.#awaitRoom(1), message.length - done);
      this.#ring.set(message.subarray(done, done + count), this.#sent & (this.#capacity - 1));
      this.#sent += count;
      done += count;
      if (done < message.length) this.#announce(SENT, this.#sent);
    }
    this.#sent = aligned(this.#sent); // no length lies across the end
    this.#announce(SENT, this.#sent);
  }

  /** Receives a message. It blocks while there is none. */
  receive(): Uint8Array<ArrayBuffer> {
    this.#awaitBytes(4);
    const length = Atomics.load(this.#words, this.#wordOf(this.#received)) >>> 0;
    this.#received += 4;
    const message = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const count = this.#pieceAt(this.#received, this.#awaitBytes(1), length - done);
      const start = this.#received & (this.#capacity - 1);
      message.set(this.#ring.subarray(start, start + count), done);
      this.#received += count;
      done += count;
      this.#giveBack(this.#capacity / 4);
    }
    this.#received = aligned(this.#received);
    const isEmpty = Atomics.load(this.#words, SENT) === (this.#received | 0);
    this.#giveBack(isEmpty ? 1 : this.#capacity / 4);
    return message;
  }

  /** How much goes at once: up to the end of the ring, and little enough that the other side has something to do too. */
  #pieceAt(position: number, free: number, left: number): number {
    const toEnd = this.#capacity - (position & (this.#capacity - 1));
    return Math.min(left, free, toEnd, this.#capacity / 4);
  }

  #wordOf(position: number): number {
    return (RING + (position & (this.#capacity - 1))) / 4;
  }

  /** Waits for room; returns how much there is. */
  #awaitRoom(count: number): number {
    for (let received = Atomics.load(this.#words, RECEIVED);;) {
      const room = this.#capacity - ((this.#sent - received) >>> 0);
      if (room >= count) return room;
      this.#announce(SENT, this.#sent);
      received = this.#changed(RECEIVED, received);
    }
  }

  /** Waits for bytes; returns how many there are. */
  #awaitBytes(count: number): number {
    for (let sent = Atomics.load(this.#words, SENT);;) {
      const bytes = (sent - this.#received) >>> 0;
      if (bytes >= count) return bytes;
      this.#giveBack(1);
      sent = this.#changed(SENT, sent);
    }
  }

  /** Gives room back: not for each message, or a ring that is full would wake the sender for each. */
  #giveBack(minimum: number): void {
    const held = (this.#received - Atomics.load(this.#words, RECEIVED)) >>> 0;
    if (held >= minimum) this.#announce(RECEIVED, this.#received);
  }

  /** Stores a count, and wakes who sleeps until it changes: a call of the system only then. */
  #announce(word: number, count: number): void {
    Atomics.store(this.#words, word, count);
    const sleep = Atomics.load(this.#words, word + SLEEP);
    if (sleep % 2 === 0) return;
    const woken = this.#mmap.notify(this.#byteOffset + 4 * word);
    // It is awake, or will be: no need to wake it for the next message too.
    if (woken > 0) Atomics.compareExchange(this.#words, word + SLEEP, sleep, sleep + 1);
  }

  /** Waits until a count is another one; returns that. */
  #changed(word: number, old: number): number {
    for (let look = 0; look < LOOKS; look++) {
      const count = Atomics.load(this.#words, word);
      if (count !== old) return count;
    }
    for (;;) {
      // Who stores another count sees this, or else `wait()` sees that count.
      const sleep = Atomics.load(this.#words, word + SLEEP) | 1;
      Atomics.store(this.#words, word + SLEEP, sleep);
      const result = this.#mmap.wait(this.#byteOffset + 4 * word, old, this.#timeoutMs);
      Atomics.compareExchange(this.#words, word + SLEEP, sleep, sleep + 1);
      const count = Atomics.load(this.#words, word);
      if (count !== old) return count;
      if (result !== "timed-out") continue;
      const fault = word === SENT ? "sent nothing" : "received nothing";
      throw new Error(`The other side ${fault} for ${this.#timeoutMs} ms: it has ended, or hangs`);
    }
  }
}

/** The next multiple of 4, as a count of bytes. */
function aligned(position: number): number {
  return (position + 3) & ~3;
}

const CAPACITY = 65_536;
/** The first word counts the processes that are ready; the channels are behind it. */
const HEADER = 64;
const PROCESSES = 3;
const BATCH = 32;
const BATCHES = 100;
const LONG = 1_000_000;
const FILE = fileURLToPath(import.meta.url);

/** The channels of a process: process 0 sends to 1, that one to 2, and that one to 0. */
function channelsOf(mmap: Mmap, index: number, timeoutMs?: number): { from: Channel; to: Channel } {
  const channel = (sender: number) =>
    new Channel(mmap, HEADER + sender * Channel.byteLength(CAPACITY), CAPACITY, timeoutMs);
  return { from: channel((index + PROCESSES - 1) % PROCESSES), to: channel(index) };
}

/** A program that runs this file. */
interface Program {
  readonly runtime: string;
  readonly command: string;
  readonly args: readonly string[];
}

const DENO = { runtime: "Deno", args: ["run", "--no-check", "-A"] };
const BUN = { runtime: "Bun", args: [] };
const NODE = { runtime: "Node.js", args: ["--no-warnings"] };

/** This runtime, and one program for each other one that is installed and can run this file. */
function programs(): Program[] {
  const { Deno } = globalThis as { Deno?: { execPath(): string } };
  const own = Deno !== undefined ? DENO : "bun" in process.versions ? BUN : NODE;
  const modules = fileURLToPath(new URL("../node_modules/", import.meta.url));
  const found: Program[] = [{ ...own, command: Deno?.execPath() ?? process.execPath }];
  const candidates: readonly Program[] = [
    { ...DENO, command: `${modules}.bin/deno` },
    { ...DENO, command: "deno" },
    { ...BUN, command: `${modules}.bin/bun` },
    { ...BUN, command: "bun" },
    { ...NODE, command: `${modules}node26/bin/node` },
    { ...NODE, command: "node" },
  ];
  for (const program of candidates) {
    if (found.some(({ runtime }) => runtime === program.runtime)) continue;
    const { status } = spawnSync(program.command, [...program.args, FILE, "try"]);
    if (status === 0) found.push(program);
  }
  return found;
}

/** Passes on what comes, with its own number at the end, until it is killed. */
function passOn(name: string, index: number): void {
  const mmap = new MmapOptions().mapShared(name);
  const { from, to } = channelsOf(mmap, index);
  Atomics.add(mmap.view(Int32Array, 0, 1), 0, 1);
  mmap.notify(0);
  for (;;) {
    const message = from.receive();
    const passed = new Uint8Array(message.length + 1);
    passed.set(message);
    passed[message.length] = index;
    to.send(passed);
  }
}

/** Waits until the others have the memory, or one of them has ended. */
async function areReady(mmap: Mmap, peers: readonly ChildProcess[]): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  for (const peer of peers) {
    const end = () => controller.abort(new Error("A peer has ended before it was ready"));
    peer.once("error", end).once("exit", end);
  }
  const ready = mmap.view(Int32Array, 0, 1);
  for (let count; (count = Atomics.load(ready, 0)) !== peers.length;) {
    const result = await mmap.waitAsync(0, count, { timeout: 30_000, signal });
    if (result === "timed-out") throw new Error("The peers do not start");
  }
}

/** A message of which each byte tells where it is. */
function messageOf(number: number, length: number): Uint8Array {
  const message = new Uint8Array(length);
  for (let index = 0; index < length; index++) message[index] = number + 7 * index;
  return message;
}

/** Checks a message that has come back from the others. */
function check(received: Uint8Array, number: number, length: number): void {
  const sent = messageOf(number, length);
  const isWhole = received.length === length + 2 && sent.every((byte, at) => received[at] === byte);
  if (isWhole && received[length] === 1 && received[length + 1] === 2) return;
  throw new Error(`Message ${number} of ${length} bytes came back as ${received.length} others`);
}

/** Sends messages around. */
function sendAround({ from, to }: { from: Channel; to: Channel }): void {
  const lengthOf = (number: number) => 1 + number % 500;
  const start = performance.now();
  for (let first = 0; first < BATCH * BATCHES; first += BATCH) {
    // Together less than a ring holds: who sends more before receiving can wait for itself.
    for (let number = first; number < first + BATCH; number++) {
      to.send(messageOf(number, lengthOf(number)));
    }
    for (let number = first; number < first + BATCH; number++) {
      check(from.receive(), number, lengthOf(number));
    }
  }
  const microseconds = 1000 * (performance.now() - start) / (BATCH * BATCHES);
  console.log(
    `${BATCH * BATCHES} messages came back whole, ${BATCH} at a time, ` +
      `one each ${microseconds.toFixed(1)} µs`,
  );
  to.send(messageOf(1, LONG));
  check(from.receive(), 1, LONG);
  console.log(`One of ${LONG} bytes went through rings of ${CAPACITY} bytes`);
}

/** Sends to peers of which one is not there any more. */
function sendToDead({ from, to }: { from: Channel; to: Channel }): void {
  try {
    to.send(messageOf(0, 1));
    from.receive();
  } catch (error) {
    console.log(`Without one of them: ${(error as Error).message}`);
    return;
  }
  throw new Error("A message came back from a process that was killed");
}

async function main(): Promise<void> {
  const found = programs();
  const ring = Array.from({ length: PROCESSES }, (_, index) => found[index % found.length]!);
  console.log([...ring, ring[0]!].map(({ runtime }) => runtime).join(" → "));
  const name = `sysalloc-channel-${randomUUID()}`;
  const len = HEADER + PROCESSES * Channel.byteLength(CAPACITY);
  const mmap = new MmapOptions({ len }).mapShared(name, { mode: "create" });
  const stop = () => {
    removeShared(name);
    process.exit(1);
  };
  const peers: ChildProcess[] = [];
  try {
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (const signal of signals) process.once(signal, stop);
    try {
      for (const [index, { command, args }] of ring.entries()) {
        if (index === 0) continue; // that is this one
        const argv = [...args, FILE, name, String(index)];
        peers.push(spawn(command, argv, { stdio: "inherit" }));
      }
      await areReady(mmap, peers);
    } finally {
      removeShared(name); // they have the memory: from here on nothing can be left behind
      for (const signal of signals) process.off(signal, stop);
    }
    sendAround(channelsOf(mmap, 0));
    const last = peers.at(-1)!;
    last.kill("SIGKILL");
    await new Promise((resolve) => last.once("exit", resolve));
    sendToDead(channelsOf(mmap, 0, 300));
  } finally {
    for (const peer of peers) peer.kill("SIGKILL");
    mmap.unmap();
  }
}

// It can be imported for its class alone.
if (import.meta.main ?? process.argv[1] === FILE) {
  const [name, index] = process.argv.slice(2);
  if (name === undefined) await main();
  else if (index === undefined) new MmapOptions({ len: 1 }).mapAnon().unmap(); // can it run here?
  else passOn(name, Number(index));
}
