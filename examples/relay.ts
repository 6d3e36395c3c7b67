/**
 * Passes messages around three processes of different runtimes, through channels
 * in shared memory. The program starts the other two itself, each in another runtime
 * if one is installed.
 *
 * `deno run -A examples/relay.ts`, `bun examples/relay.ts` or
 * `node examples/relay.ts`.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Mmap, MmapOptions, removeShared } from "../mod.ts";
import { Channel } from "./channel.ts";
import { findPrograms } from "./programs.ts";

const CAPACITY = 65_536;
/** Offset of the channels. The first word of the memory counts the peers that are ready. */
const HEADER = 64;
const PROCESSES = 3;
const BATCH_LENGTH = 32;
const BATCHES = 100;
const MESSAGES = BATCH_LENGTH * BATCHES;
const LONG_MESSAGE = 1_000_000;
const FILE = fileURLToPath(import.meta.url);

/** The channels of a process: 0 sends to 1, 1 to 2, and 2 to 0. */
function channelsOf(mmap: Mmap, index: number, timeoutMs?: number): { from: Channel; to: Channel } {
  const channel = (sender: number) =>
    new Channel(mmap, HEADER + sender * Channel.byteLength(CAPACITY), CAPACITY, timeoutMs);
  return { from: channel((index + PROCESSES - 1) % PROCESSES), to: channel(index) };
}

/** Appends this process's number to each message and passes it on, until the process is killed. */
function relay(name: string, index: number): void {
  const mmap = new MmapOptions().mapShared(name);
  const { from, to } = channelsOf(mmap, index);
  Atomics.add(mmap.view(Int32Array, 0, 1), 0, 1);
  mmap.notify(0);
  for (;;) {
    const message = from.receive();
    const longer = new Uint8Array(message.length + 1);
    longer.set(message);
    longer[message.length] = index;
    to.send(longer);
  }
}

/** Waits until all peers have mapped the memory; throws if one ends before. */
async function awaitReady(mmap: Mmap, peers: readonly ChildProcess[]): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  for (const peer of peers) {
    const end = () => controller.abort(new Error("A peer ended before it was ready"));
    peer.once("error", end).once("exit", end);
  }
  const ready = mmap.view(Int32Array, 0, 1);
  for (let count; (count = Atomics.load(ready, 0)) !== peers.length;) {
    const result = await mmap.waitAsync(0, count, { timeout: 30_000, signal });
    if (result === "timed-out") throw new Error("The peers did not start");
  }
}

/** A message whose bytes depend on their index. */
function messageOf(number: number, length: number): Uint8Array {
  const message = new Uint8Array(length);
  for (let index = 0; index < length; index++) message[index] = number + 7 * index;
  return message;
}

/** Checks a message that came back from the peers, which have appended their numbers. */
function check(received: Uint8Array, number: number, length: number): void {
  const sent = messageOf(number, length);
  const isWhole = received.length === length + 2 && sent.every((byte, at) => received[at] === byte);
  if (isWhole && received[length] === 1 && received[length + 1] === 2) return;
  throw new Error(
    `Message ${number} of ${length} bytes came back as ${received.length} other bytes`,
  );
}

/** Sends messages to the next process, and receives them from the last one. */
function sendAround({ from, to }: { from: Channel; to: Channel }): void {
  const lengthOf = (number: number) => 1 + number % 500;
  const start = performance.now();
  for (let first = 0; first < MESSAGES; first += BATCH_LENGTH) {
    // A batch fits into one ring: a sender that fills all rings before it receives blocks itself.
    for (let number = first; number < first + BATCH_LENGTH; number++) {
      to.send(messageOf(number, lengthOf(number)));
    }
    for (let number = first; number < first + BATCH_LENGTH; number++) {
      check(from.receive(), number, lengthOf(number));
    }
  }
  const microseconds = 1000 * (performance.now() - start) / MESSAGES;
  console.log(
    `${MESSAGES} messages came back intact, ${BATCH_LENGTH} at a time: ` +
      `${microseconds.toFixed(1)} µs per message`,
  );
  to.send(messageOf(1, LONG_MESSAGE));
  check(from.receive(), 1, LONG_MESSAGE);
  console.log(`A message of ${LONG_MESSAGE} bytes went through rings of ${CAPACITY} bytes`);
}

/** Sends a message that cannot come back, because a peer was killed. */
function sendInVain({ from, to }: { from: Channel; to: Channel }): void {
  try {
    to.send(messageOf(0, 1));
    from.receive();
  } catch (error) {
    console.log(`Without one peer: ${(error as Error).message}`);
    return;
  }
  throw new Error("A message came back from a process that was killed");
}

async function main(): Promise<void> {
  const found = findPrograms(FILE);
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
        if (index === 0) continue; // this process
        const argv = [...args, FILE, name, String(index)];
        peers.push(spawn(command, argv, { stdio: "inherit" }));
      }
      await awaitReady(mmap, peers);
    } finally {
      removeShared(name); // all have mapped the memory, and now nothing can be left behind
      for (const signal of signals) process.off(signal, stop);
    }
    sendAround(channelsOf(mmap, 0));
    const last = peers.at(-1)!;
    last.kill("SIGKILL");
    await new Promise((resolve) => last.once("exit", resolve));
    sendInVain(channelsOf(mmap, 0, 300));
  } finally {
    for (const peer of peers) peer.kill("SIGKILL");
    mmap.unmap();
  }
}

const [name, index] = process.argv.slice(2);
if (name === undefined) await main();
else if (index === undefined) new MmapOptions({ len: 1 }).mapAnon().unmap(); // a probe: can it run?
else relay(name, Number(index));
