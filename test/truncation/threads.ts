/**
 * Loads by other threads, and while threads end.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { deflate, inflateSync } from "node:zlib";
import { rounds } from "../support/rounds.ts";
import { actionOf, c, mapFile, PAGE } from "./mapped_file.ts";
import { type Cases, firsts, guard, isGuarded, SIGBUS, startWorker } from "./process.ts";

export const threads: Cases = {
  "in a thread that blocks SIGBUS"() {
    const signals = new Uint8Array(128);
    signals[0] = 1 << SIGBUS - 1;
    c.sigprocmask(0, signals, 0n); // SIG_BLOCK
    const file = mapFile(2, guard());
    file.truncate(0);
    return [firsts(file), file.entry?.faults];
  },

  async "while a loop of this thread runs"() {
    const file = mapFile(64, guard());
    let ended: Promise<unknown> | undefined;
    let passes = 0;
    let sum: number;
    do {
      sum = 0;
      for (let offset = 0; offset < file.bytes.length; offset += PAGE) sum += file.bytes[offset]!;
      passes++;
      // An emulator starts a process slower than the process truncates the file.
      ended ??= once(spawn("sh", ["-c", `sleep 0.2; : > "$0"`, file.path]), "exit");
    } while (sum > 0);
    await ended;
    return [passes > 1, file.entry!.faults > 0, file.bytes.every((byte) => byte === 0)];
  },

  async "in four workers at once"() {
    const file = mapFile(4, guard());
    const { handler } = actionOf(SIGBUS);
    const count = rounds("truncatedFiles");
    const results = await Promise.all(
      [1, 2, 3, 4].map(() => startWorker({ kind: "own files", rounds: count })),
    );
    file.truncate(0);
    return [
      results.every((result) => JSON.stringify(result) === JSON.stringify([count, `${handler}`])),
      firsts(file),
      actionOf(SIGBUS).handler === handler,
    ];
  },

  async "in a worker when the main thread guards it"() {
    const file = mapFile(8, guard());
    file.truncate(0);
    const { address, bytes: { length } } = file;
    const sum = await startWorker({ kind: "view", address, pages: length / PAGE });
    return [sum, file.entry?.faults];
  },

  async "when the worker that guards it has ended"() {
    const file = mapFile(2, undefined);
    const { address } = file;
    if (isGuarded) await startWorker({ kind: "guard", address, pages: 2 });
    await sleep(50);
    file.truncate(1);
    return firsts(file);
  },

  async "when a thread of the runtime reads it"() {
    const file = mapFile(64, guard());
    file.truncate(1);
    const packed = await promisify(deflate)(file.bytes);
    const bytes = inflateSync(packed);
    return [bytes.length / PAGE, bytes[0], bytes[PAGE], bytes.at(-1)];
  },
};
