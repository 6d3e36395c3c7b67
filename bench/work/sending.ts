/**
 * Messages to another process: by the channel of `examples/channel.ts`, by
 * `child_process` and by a pipe. Each process both makes and checks every byte.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Channel } from "../../examples/channel.ts";
import { MmapOptions, removeShared } from "../../mod.ts";
import { readFrames } from "./frames.ts";
import { serve, type Work } from "./serve.ts";

const CAPACITY = 2 ** 20;
type Way = "channel" | "messages" | "pipe";

/** The order to the other process. */
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

interface Receiver {
  readonly child: ChildProcess;
  readonly channel: Channel;
}

let receiver: Promise<Receiver> | undefined;

async function startReceiver(): Promise<Receiver> {
  const name = `sysalloc-bench-${randomUUID()}`;
  const len = Channel.byteLength(CAPACITY);
  const mmap = new MmapOptions({ len }).mapShared(name, { mode: "create" });
  try {
    const child = fork(fileURLToPath(import.meta.url), [name], {
      serialization: "advanced",
      stdio: ["pipe", "inherit", "inherit", "ipc"],
    });
    await answerOf(child); // it is there
    return { child, channel: new Channel(mmap, 0, CAPACITY) };
  } finally {
    removeShared(name);
  }
}

/** The next answer; throws where it is an error. */
function answerOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("the other process has ended"));
    child.once("exit", ended);
    child.once("message", (answer) => {
      child.off("exit", ended);
      if (typeof answer === "number") resolve(answer);
      else reject(new Error(String(answer)));
    });
  });
}

const sending = (way: Way): Work => async ({ size, operations }) => {
  const { child, channel } = await (receiver ??= startReceiver());
  const message = new Message(size);
  child.send({ way, byteLength: size, count: operations } satisfies Job);
  await answerOf(child); // it has begun
  return {
    async run() {
      const answer = answerOf(child);
      if (way === "channel") {
        for (let number = 0; number < operations; number++) channel.send(message.at(number));
      } else if (way === "messages") await sendMessages(child, message, operations);
      else await sendFrames(child, message, operations);
      return await answer;
    },
  };
};

/** Sends messages, with no more under way than the ring would hold. */
async function sendMessages(child: ChildProcess, message: Message, count: number): Promise<void> {
  const atOnce = CAPACITY / message.bytes.length;
  for (let number = 0; number < count; number++) {
    const bytes = message.at(number);
    if (number % atOnce !== atOnce - 1) child.send(bytes);
    else await new Promise((resolve) => child.send(bytes, resolve));
  }
}

async function sendFrames(child: ChildProcess, message: Message, count: number): Promise<void> {
  const { length } = message.bytes;
  for (let number = 0; number < count; number++) {
    const frame = Buffer.allocUnsafe(4 + length);
    frame.writeUint32LE(length);
    frame.set(message.at(number), 4);
    if (!child.stdin!.write(frame)) {
      await new Promise<void>((resolve) => child.stdin!.once("drain", resolve));
    }
  }
}

/** The work of the child. */
function receive(name: string): void {
  const channel = new Channel(new MmapOptions().mapShared(name), 0, CAPACITY);
  const tell = (received: number) => void process.send!(received);
  let received: ((message: Uint8Array) => void) | undefined;
  process.on("message", (message: Job | Uint8Array) => {
    if (message instanceof Uint8Array) return received!(message);
    const { way, byteLength, count } = message;
    const expected = new Message(byteLength);
    let number = 0;
    const take = (message: Uint8Array) => {
      const isWhole = Buffer.compare(expected.at(number), message) === 0;
      if (!isWhole) throw new Error(`Message ${number} of ${byteLength} bytes is not whole`);
      if (++number === count) tell(number);
    };
    received = take;
    tell(0);
    if (way !== "channel") return;
    // Not at once: Deno writes the answer from its event loop.
    setImmediate(() => {
      while (number < count) take(channel.receive());
    });
  });
  readFrames(process.stdin, (message) => received!(message));
  process.on("disconnect", () => process.exit(0));
  tell(0);
}

const [name] = process.argv.slice(2);
if (name !== undefined) receive(name);
else {
  await serve({
    "channel/send": sending("channel"),
    "messages/send": sending("messages"),
    "pipe/send": sending("pipe"),
  });
}
