/**
 * Runs of equal access and history, stored in native memory for other handles.
 *
 * @module
 */
import { currentRuntime, host } from "../../ffi/host.ts";
import { detach } from "../checks/buffers.ts";
import { systemError } from "../checks/errors.ts";
import { ACCESSES, type PageSnapshot } from "../lifetime/mapping_info.ts";
import { unmapStray } from "../lifetime/release.ts";
import { mapCommon } from "../lifetime/root.ts";

const PASTS: readonly PageSnapshot["past"][] = ["memory", "reserved", "decommitted"];

/** Stores runs in new memory. Returns its address. */
export function storeRuns(runs: readonly PageSnapshot[]): bigint {
  const { os } = host();
  const byteLength = 8 * runs.length;
  const address = mapCommon(os, BigInt(byteLength), 0n);
  if (typeof address !== "bigint") {
    throw systemError(`to map ${byteLength} bytes for the access of shared pages`, address);
  }
  try {
    withRuns(address, runs.length, (words) => {
      runs.forEach(({ end, access, past }, index) => {
        const kinds = ACCESSES.indexOf(access) | PASTS.indexOf(past) << 3;
        words[index] = BigInt(end) | BigInt(kinds) << 56n;
      });
    });
  } catch (error) {
    freeRuns(address, runs.length);
    throw error;
  }
  return address;
}

/** Loads runs. */
export function loadRuns(address: bigint, count: number): PageSnapshot[] {
  let start = 0;
  return withRuns(address, count, (words) =>
    Array.from(words, (word) => {
      const end = Number(word & (1n << 56n) - 1n);
      const kinds = Number(word >> 56n);
      const run = { start, end, access: ACCESSES[kinds & 7]!, past: PASTS[kinds >> 3]! };
      start = end;
      return run;
    }));
}

/** Unmaps runs. */
export function freeRuns(address: bigint, count: number): void {
  unmapStray(host().os, address, 8n * BigInt(count));
}

function withRuns<T>(address: bigint, count: number, use: (words: BigUint64Array) => T): T {
  const words = new BigUint64Array(currentRuntime().view(address, 8 * count));
  try {
    return use(words);
  } finally {
    detach(words.buffer as ArrayBuffer);
  }
}
