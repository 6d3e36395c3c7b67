/**
 * The process whose files are truncated: with the guard or without, as its first argument says.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { host } from "../../ffi/host.ts";
import type { TruncationGuard } from "../../ffi/os/contract/truncation_guard.ts";
import { sourceUrl } from "../support/harness.ts";
import { c, type MappedFile, PAGE } from "./mapped_file.ts";

/** A case that the child is told to try; what it comes to is printed. */
export type Cases = Readonly<Record<string, () => unknown>>;

export const SIGBUS = 7;
export const SIG_DFL = { handler: 0n, mask: 0n, flags: 0 };
export const SIG_IGN = { handler: 1n, mask: 0n, flags: 0 };

export const isGuarded: boolean = process.argv[2] === "guarded";

/** The guard, unless this process is to have none. */
export function guard(): TruncationGuard | undefined {
  return isGuarded ? host().os.guard!() : undefined;
}

/** Has the file of a mapping no page there any more, as where a disk is full. */
export function lose({ address }: MappedFile, page: number, pages: number = 1): void {
  const empty = c.memfd_create(new Uint8Array([0x66, 0]), 0);
  // MAP_SHARED | MAP_FIXED
  c.mmap(address + BigInt(page * PAGE), BigInt(pages * PAGE), 3, 0x11, empty, 0n);
  c.close(empty);
}

export function firsts({ bytes }: MappedFile): number[] {
  return Array.from({ length: bytes.length / PAGE }, (_, page) => bytes[page * PAGE]!);
}

export function startWorker(workerData: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(sourceUrl("../children/truncation_worker.ts"), { workerData });
    worker.once("message", (message) => {
      void worker.terminate();
      resolve(message);
    });
    worker.once("error", reject);
  });
}

/** Sends this process SIGBUS, and gives it the time to come. */
export async function sendSigbus(): Promise<void> {
  c.kill(process.pid, SIGBUS); // Bun's process.kill() would set the default action before
  await sleep(50);
}
