/**
 * Messages to another process, which compares each with what it expects.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Channel } from "../../../examples/channel.ts";
import { MmapOptions, removeShared } from "../../../mod.ts";
import { readFrames } from "./framing.ts";
import { serveJob, type Way } from "./job.ts";

const CAPACITY = 2 ** 20;

/** One of the ways, by which both sides know a place. */
interface Means {
  /** Sends all messages: `place` is a name that nobody else has. */
  send(messages: Messages, child: ChildProcess, place: string): void | Promise<void>;
  /** Calls `take` for each message, in the child. It says `ready()` before it blocks. */
  receive(count: number, place: string, take: (message: Uint8Array) => void): void | Promise<void>;
  /** Makes what the child looks for. */
  prepare?(place: string): void;
}

/** Messages of a length, each like no other. */
class Messages {
  readonly count: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #number: DataView;

  constructor(byteLength: number, count: number) {
    this.count = count;
    this.#bytes = Uint8Array.from({ length: byteLength }, (_, index) => 7 * index);
    this.#number = new DataView(this.#bytes.buffer);
  }

  at(number: number): Uint8Array<ArrayBuffer> {
    this.#number.setUint32(0, number);
    return this.#bytes;
  }
}

const socketPath = (place: string) => `${tmpdir()}/${place}.sock`;

/** Sends each message after its length. */
async function sendFrames(messages: Messages, stream: Writable): Promise<void> {
  for (let number = 0; number < messages.count; number++) {
    const message = messages.at(number);
    const frame = Buffer.allocUnsafe(4 + message.length);
    frame.writeUint32LE(message.length);
    frame.set(message, 4);
    if (!stream.write(frame)) await once(stream, "drain");
  }
}

let channel: Channel | undefined;
const openChannel = (options: MmapOptions, place: string, mode: "create" | "open") =>
  new Channel(options.mapShared(place, { mode }), 0, CAPACITY);

const MEANS: Readonly<Record<string, Means>> = {
  "sysalloc": {
    prepare(place) {
      const len = Channel.byteLength(CAPACITY);
      channel = openChannel(new MmapOptions({ len }), place, "create");
    },
    send(messages) {
      for (let number = 0; number < messages.count; number++) channel!.send(messages.at(number));
    },
    receive(count, place, take) {
      const channel = openChannel(new MmapOptions(), place, "open");
      removeShared(place);
      // Deno writes the answer from its event loop, which must not be blocked before.
      process.send!(0, () => {
        for (let number = 0; number < count; number++) take(channel.receive());
      });
    },
  },
  "child-process": {
    async send(messages, child) {
      for (let number = 0; number < messages.count; number++) {
        const message = messages.at(number);
        const atOnce = CAPACITY / message.length; // as many as the channel holds
        if (number % atOnce !== atOnce - 1) child.send(message);
        else await new Promise((resolve) => child.send(message, resolve));
      }
    },
    receive(_count, _place, take) {
      process.on("message", take as (message: unknown) => void);
      process.send!(0);
    },
  },
  "pipe": {
    send: (messages, child) => sendFrames(messages, child.stdin!),
    receive(_count, _place, take) {
      readFrames(process.stdin, take);
      process.send!(0);
    },
  },
  "socket": {
    async send(messages, _child, place) {
      const stream = connect(socketPath(place));
      await sendFrames(messages, stream);
    },
    receive(_count, place, take) {
      createServer((stream: Readable) => readFrames(stream, take))
        .listen(socketPath(place), () => process.send!(0));
    },
  },
  "zeromq": {
    async send(messages, _child, place) {
      const { Push } = await import("zeromq");
      const socket = new Push();
      socket.connect(`ipc://${socketPath(place)}`);
      // It sends the bytes of an array later, from another thread.
      for (let number = 0; number < messages.count; number++) {
        await socket.send(messages.at(number).slice());
      }
    },
    async receive(_count, place, take) {
      const { Pull } = await import("zeromq");
      const socket = new Pull();
      await socket.bind(`ipc://${socketPath(place)}`);
      process.send!(0);
      for await (const [message] of socket) take(message!);
    },
  },
};

const sending = (way: string): Way => async ({ size, operations: count }) => {
  const means = MEANS[way]!;
  const place = `sysalloc-bench-${randomUUID()}`;
  means.prepare?.(place);
  const child = fork(fileURLToPath(import.meta.url), [way, `${size}`, `${count}`, place], {
    serialization: "advanced",
    stdio: ["pipe", "inherit", "inherit", "ipc"],
  });
  await answerOf(child); // it is there
  return {
    processes: [child.pid!],
    async run() {
      const answer = answerOf(child);
      await means.send(new Messages(size, count), child, place);
      return await answer;
    },
    end() {
      child.kill();
      rmSync(socketPath(place), { force: true });
    },
  };
};

/** The next answer; throws where the other process ends instead. */
function answerOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("the other process has ended"));
    child.once("exit", ended);
    child.once("message", (answer) => {
      child.off("exit", ended);
      resolve(answer as number);
    });
  });
}

const [, , way, ...rest] = process.argv as [string, string, string?, ...string[]];
if (way !== undefined) {
  const [size, count, place] = [Number(rest[0]), Number(rest[1]), rest[2]!];
  const expected = new Messages(size, count);
  let number = 0;
  await MEANS[way]!.receive(count, place, (message) => {
    if (Buffer.compare(expected.at(number), message) !== 0) {
      throw new Error(`Message ${number} of ${size} bytes is not whole`);
    }
    if (++number === count) process.send!(number);
  });
  process.on("disconnect", () => process.exit());
} else {
  await serveJob(Object.fromEntries(
    Object.keys(MEANS).map((name) => [`${name}/messages`, sending(name)]),
  ));
}
