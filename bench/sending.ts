/**
 * Messages one way between two processes: by the channel of the examples, beside
 * the messages of `child_process` and the pipe of its standard input. Each message is
 * compared with what was sent. Runs in each runtime.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import process from "node:process";
import { setImmediate } from "node:timers";
import { fileURLToPath } from "node:url";
import { Channel } from "../examples/channel.ts";
import { MmapOptions, removeShared } from "../mod.ts";

const ROUNDS = 9;
const CAPACITY = 2 ** 20;
/** How many messages a round has, by their length in bytes: a long message also takes long. */
const COUNTS: Readonly<Record<number, number>> = { 64: 10_000, 4096: 4_000, [2 ** 20]: 32 };
const WAYS = ["channel", "messages", "pipe"] as const;
type Way = (typeof WAYS)[number];

/** What `messages.ts` reads: for each round the microseconds of one message, by its way. */
export interface Sending {
  readonly byteLength: number;
  readonly times: Readonly<Record<Way, readonly number[]>>;
}

/** What the other process is told. */
interface Job {
  readonly way: Way;
  readonly byteLength: number;
  readonly count: number;
}

/** A message like no other of its length. */
class Message {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #number: DataView;

  constructor(byteLength: number) {
    this.bytes = Uint8Array.from({ length: byteLength }, (_, index) => 7 * index);
    this.#number = new DataView(this.bytes.buffer);
  }

  /** Makes it the one of a number. */
  at(number: number): Uint8Array<ArrayBuffer> {
    this.#number.setUint32(0, number);
    return this.bytes;
  }
}

const [name] = process.argv.slice(2);
if (name === undefined) await measure();
else receive(name);

/** What the parent does. */
async function measure(): Promise<void> {
  const name = `sysalloc-bench-${randomUUID()}`;
  const len = Channel.byteLength(CAPACITY);
  const mmap = new MmapOptions({ len }).mapShared(name, { mode: "create" });
  const channel = new Channel(mmap, 0, CAPACITY);
  const sendings: Sending[] = [];
  try {
    const child = fork(fileURLToPath(import.meta.url), [name], {
      serialization: "advanced",
      stdio: ["pipe", "inherit", "inherit", "ipc"],
    });
    await answerOf(child); // it is there
    removeShared(name);
    for (const [key, count] of Object.entries(COUNTS)) {
      const byteLength = Number(key);
      const message = new Message(byteLength);
      const times: Record<Way, number[]> = { channel: [], messages: [], pipe: [] };
      for (let round = -1; round < ROUNDS; round++) {
        for (const way of WAYS) {
          child.send({ way, byteLength, count } satisfies Job);
          await answerOf(child); // it has begun
          const start = performance.now();
          const answer = answerOf(child);
          await send(way, message, count, { child, channel });
          await answer;
          const time = performance.now() - start;
          if (round >= 0) times[way].push(1000 * time / count); // the first one warms up
        }
      }
      sendings.push({ byteLength, times });
    }
    child.kill();
  } finally {
    mmap.unmap();
  }
  console.log(JSON.stringify(sendings));
  process.exit(0);
}

/** The next answer; throws where it is an error. */
function answerOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("The other process has ended"));
    child.once("exit", ended);
    child.once("message", (answer) => {
      child.off("exit", ended);
      if (answer === "ok") resolve();
      else reject(new Error(String(answer)));
    });
  });
}

/** Sends messages, of which no more are under way than the ring holds. */
async function send(
  way: Way,
  message: Message,
  count: number,
  { child, channel }: { child: ChildProcess; channel: Channel },
): Promise<void> {
  const { length } = message.bytes;
  const atOnce = CAPACITY / length;
  for (let number = 0; number < count; number++) {
    const bytes = message.at(number);
    if (way === "channel") channel.send(bytes);
    else if (way === "messages") {
      if (number % atOnce !== atOnce - 1) child.send(bytes);
      else await new Promise((resolve) => child.send(bytes, resolve));
    } else {
      const frame = Buffer.allocUnsafe(4 + length);
      frame.writeUint32LE(length);
      frame.set(bytes, 4);
      if (!child.stdin!.write(frame)) {
        await new Promise<void>((resolve) => child.stdin!.once("drain", resolve));
      }
    }
  }
}

/** What the child does. */
function receive(name: string): void {
  const channel = new Channel(new MmapOptions().mapShared(name), 0, CAPACITY);
  const tell = (answer: string) => void process.send!(answer);
  let received: ((message: Uint8Array) => void) | undefined;
  process.on("message", (message: Job | Uint8Array) => {
    if (message instanceof Uint8Array) return received!(message);
    const { way, byteLength, count } = message;
    const expected = new Message(byteLength);
    let number = 0;
    const take = (message: Uint8Array) => {
      const isWhole = Buffer.compare(expected.at(number), message) === 0;
      if (!isWhole) throw new Error(`Message ${number} of ${byteLength} bytes is not whole`);
      if (++number === count) tell("ok");
    };
    received = take;
    tell("ok");
    if (way !== "channel") return;
    // Not at once: Deno writes the answer from its event loop.
    setImmediate(() => {
      while (number < count) take(channel.receive());
    });
  });
  readFrames(process.stdin, (message) => received!(message));
  tell("ok");
}

/** Takes frames, each of its length in 4 bytes and a message, out of what is read. */
function readFrames(stream: NodeJS.ReadStream, take: (message: Uint8Array) => void): void {
  let chunks: Buffer[] = [];
  let byteLength = 0;
  let needed = 4;
  stream.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    byteLength += chunk.length;
    if (byteLength < needed) return; // a long message comes in many chunks, which are joined once
    let bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    for (;;) {
      needed = bytes.length < 4 ? 4 : 4 + bytes.readUint32LE();
      if (bytes.length < needed) break;
      take(bytes.subarray(4, needed));
      bytes = bytes.subarray(needed);
    }
    chunks = [bytes];
    byteLength = bytes.length;
  });
}
