/**
 * Takes video frames from a Python program through a ring in shared memory. Python stores each frame
 * once, and it is read in place; a pipe would copy it into the kernel, out of it, and out of a stream.
 *
 * `deno run -A examples/video_frames.ts [COUNT]`, `bun examples/video_frames.ts` or
 * `node examples/video_frames.ts`. For Linux with Python 3.8 or later. The default is 500 frames.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Mmap, MmapOptions, removeShared } from "../mod.ts";

const [WIDTH, HEIGHT, SLOTS] = [1280, 720, 4];
const FRAME_BYTES = 3 * WIDTH * HEIGHT;
/** The words at the start: the number of frames that are written, and that are read. */
const WRITTEN = 0;
const READ = 1;
const HEADER = 64;

// #region frames
/** Yields a view of each frame, which Python overwrites once the next one is asked for. */
async function* framesOf(mmap: Mmap, count: number): AsyncIterable<Uint8Array> {
  const words = mmap.view(Int32Array, 0, 2);
  for (let frame = 0; frame < count; frame++) {
    while (Atomics.load(words, WRITTEN) === frame) {
      const result = await mmap.waitAsync(4 * WRITTEN, frame, { timeout: 10_000 });
      if (result === "timed-out") throw new Error("Python writes no more frames");
    }
    yield mmap.view(Uint8Array, HEADER + frame % SLOTS * FRAME_BYTES, FRAME_BYTES);
    Atomics.add(words, READ, 1);
    mmap.notify(4 * READ);
  }
}
// #endregion frames

async function main(count: number): Promise<void> {
  const name = `sysalloc-frames-${randomUUID()}`;
  const mmap = new MmapOptions({ len: HEADER + SLOTS * FRAME_BYTES })
    .mapShared(name, { mode: "create" });
  try {
    const script = fileURLToPath(new URL("./python/frames.py", import.meta.url));
    const args = [script, name, ...[count, WIDTH, HEIGHT, SLOTS].map(String)];
    const python = spawn("python3", args, { stdio: "inherit" });
    const ended = once(python, "exit");
    let frames = 0;
    let start = 0;
    for await (const pixels of framesOf(mmap, count)) {
      if (frames === 0) start = performance.now(); // Python has started
      for (const at of [0, FRAME_BYTES >> 1, FRAME_BYTES - 1]) {
        strictEqual(pixels[at], (frames + at) % 256, `frame ${frames}`);
      }
      frames++;
    }
    const seconds = (performance.now() - start) / 1000;
    strictEqual((await ended)[0], 0);
    console.log(
      `${frames} frames of ${WIDTH} × ${HEIGHT} pixels: ${(frames / seconds).toFixed(0)} a second`,
    );
  } finally {
    mmap.unmap();
    removeShared(name);
  }
}

if (process.platform !== "linux" || spawnSync("python3", ["--version"]).status !== 0) {
  console.log("Skipped: it needs Linux and python3");
} else {
  await main(Number(process.argv[2] ?? 500));
}
