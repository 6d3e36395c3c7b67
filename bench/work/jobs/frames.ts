/**
 * Frames of 1080p from a Python program at full speed, each of whose pages is looked at.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { MmapOptions } from "../../../mod.ts";
import { PAGE } from "../common.ts";
import { serveJob, type Way } from "./job.ts";

const PROGRAM = fileURLToPath(new URL("../../peers/python/frames.py", import.meta.url));
/** RGB, a byte each. */
const FRAME = 1920 * 1080 * 3;
/** The frames that shared memory has room for. */
const SLOTS = 4;
/** Longer than any frame takes, in milliseconds. */
const PATIENCE = 10_000;

function start(way: "shared" | "pipe" | "socket", path: string, count: number): ChildProcess {
  return spawn("python3", [PROGRAM, way, path, `${count}`, `${FRAME}`, `${SLOTS}`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

/** Tells the program that this side is ready, and later that it may end. */
function tell(program: ChildProcess): Promise<void> {
  return new Promise((resolve) => program.stdin!.write("\n", () => resolve()));
}

/** The number of a frame and a byte of each page. */
function sumOf(frame: Uint8Array): number {
  let sum = new DataView(frame.buffer, frame.byteOffset).getUint32(0, true);
  for (let at = PAGE; at < FRAME; at += PAGE) sum += frame[at]!;
  return sum;
}

const byMapping: Way = ({ operations: count }) => {
  const name = `sysalloc-bench-${randomUUID()}`;
  const mmap = new MmapOptions({ len: PAGE + SLOTS * FRAME }).mapShared(name, { mode: "create" });
  const [sent, taken, begun] = [0, 1, 2];
  const words = mmap.view(Int32Array, 0, 3);
  const slots = Array.from(
    { length: SLOTS },
    (_, slot) => mmap.view(Uint8Array, PAGE + slot * FRAME, FRAME),
  );
  const program = start("shared", `/dev/shm/${name}`, count);
  return {
    processes: [program.pid!],
    run() {
      Atomics.store(words, begun, 1);
      mmap.notify(4 * begun);
      let sum = 0;
      for (let number = 0; number < count; number++) {
        while (Atomics.load(words, sent) === number) {
          if (mmap.wait(4 * sent, number, PATIENCE) === "timed-out") throw new Error("no frame");
        }
        sum += sumOf(slots[number % SLOTS]!);
        Atomics.store(words, taken, number + 1);
        mmap.notify(4 * taken);
      }
      return sum;
    },
    end: () => tell(program),
  };
};

/** Puts frames together from the chunks of a stream. */
async function sumFrames(stream: Readable, count: number): Promise<number> {
  const frame = new Uint8Array(FRAME);
  let [sum, filled, taken] = [0, 0, 0];
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + FRAME - filled);
      frame.set(part, filled);
      at += part.length;
      filled = (filled + part.length) % FRAME;
      if (filled > 0) continue;
      sum += sumOf(frame);
      if (++taken === count) return sum;
    }
  }
  throw new Error("the program has ended");
}

const byPipe: Way = ({ operations: count }) => {
  const program = start("pipe", "", count);
  return {
    processes: [program.pid!],
    async run() {
      await tell(program);
      return await sumFrames(program.stdout!, count);
    },
    end: () => tell(program),
  };
};

const bySocket: Way = async ({ operations: count }) => {
  const path = `${tmpdir()}/sysalloc-bench-${randomUUID()}.sock`;
  const server = createServer().listen(path);
  await once(server, "listening");
  const program = start("socket", path, count);
  return {
    processes: [program.pid!],
    async run() {
      const connected = once(server, "connection");
      await tell(program);
      const [socket] = await connected as [Socket];
      return await sumFrames(socket, count);
    },
    async end() {
      server.close(); // removes the socket
      await tell(program);
    },
  };
};

await serveJob({
  "sysalloc/frames": byMapping,
  "pipe/frames": byPipe,
  "socket/frames": bySocket,
});
