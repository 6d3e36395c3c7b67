/**
 * What the library leaves of the system's limits for the runtime, which ends the
 * process where it gets no mapping or no addresses itself.
 *
 * To look costs far more than to map, so that it is done again only when a part of what is to
 * be left can have been used up. Mappings are counted for all threads together; addresses, of
 * which there are many, for each.
 *
 * @module
 */
import { atomics } from "../../ffi/atomics.ts";
import type { AdvisedFailure } from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import { processCounts } from "./process_table.ts";
import { MmapError } from "../checks/errors.ts";
import { plainAllocation } from "./allocation.ts";
import { releaseHeldRanges } from "./held_ranges.ts";
import { anonymousRequest } from "./requests.ts";
import { release } from "./release.ts";
import { checkStack } from "../checks/call_stack.ts";

/** Which part of all mappings is left. */
const LEFT_MAPPINGS = 1 / 16;
/** How many addresses are left: a 128th of the 2^47 bytes that a process has at least on most processors. */
const LEFT_BYTE_LENGTH = 2 ** 40;
/**
 * How many, where a limit of the process allows far fewer (`ulimit -v`): 64 MiB for each thread
 * of the runtime in which glibc allocates for the first time, which are nine in Node.js, and for the heap.
 */
const LEFT_OF_LIMIT = 640 * 2 ** 20;

/** What may have been mapped before it looks for the first time: the limit is 65,530 by default. */
const UNSEEN_MAPPINGS = 2048;
/** How many mappings a thread makes before it tells the others. */
const UNTOLD_MAPPINGS = 16;
/** How many threads may map addresses at a time. */
const THREADS = 32;

// The counts that all threads have in common.
/** Mappings since one of them looked; what was unmapped counts, too. */
const MAPPINGS = 0;
/** At how many one looks again; 0 before the first time. */
const NEXT = 1;

let untoldMappings = 0;
/** The bytes that this thread has mapped since it looked. */
let byteLength = 0;
/** At how many it looks again. */
let nextByteLength = LEFT_OF_LIMIT / THREADS;

/**
 * Throws where one more mapping, or so many bytes of them, would leave the runtime too
 * little: before anything is changed.
 */
export function leaveRoom(os: Os, addedByteLength: number): void {
  if (++untoldMappings >= UNTOLD_MAPPINGS) leaveMappings(os);
  byteLength += addedByteLength;
  if (addedByteLength > 0 && byteLength >= nextByteLength) leaveAddresses(os, addedByteLength);
}

/** How much is backed with memory before it is asked whether there is as much, in bytes: that takes some 0.1 ms. */
const UNASKED_BYTE_LENGTH = 2 ** 22;
/** The bytes that this thread has backed since it asked. */
let unaskedByteLength = 0;

/** Why so many bytes cannot be backed with memory, where the system would end a process for want of them. */
export function memoryRefusal(os: Os, addedByteLength: number): AdvisedFailure | undefined {
  unaskedByteLength += addedByteLength;
  if (unaskedByteLength < UNASKED_BYTE_LENGTH) return undefined;
  unaskedByteLength = 0;
  checkStack(); // what it opens is closed
  return os.room?.refuseMemory(BigInt(addedByteLength), "back less");
}

/** The same for pages at an address: what is backed already counts as used. */
export function backingRefusal(
  os: Os,
  address: bigint,
  byteLength: number,
): AdvisedFailure | undefined {
  if (memoryRefusal(os, byteLength) === undefined) return undefined;
  const resident = os.residency.resident(address, BigInt(byteLength));
  const lacking = byteLength - (typeof resident === "number" ? resident : 0);
  return os.room!.refuseMemory(BigInt(lacking), "back less");
}

function leaveMappings(os: Os): void {
  const counts = processCounts(os);
  const told = atomics.add(counts, MAPPINGS, untoldMappings) + untoldMappings;
  untoldMappings = 0;
  if (told < (atomics.load(counts, NEXT) || UNSEEN_MAPPINGS)) return;
  checkStack(); // the list that it opens is closed
  const { room } = os;
  let found = room?.mappings();
  if (found !== undefined && isFull(found) && releaseHeldRanges()) found = room!.mappings();
  let next = UNSEEN_MAPPINGS;
  if (found !== undefined) {
    const { count, limit, name } = found;
    if (isFull(found)) {
      untoldMappings = UNTOLD_MAPPINGS; // whoever maps next looks again
      throw new MmapError(
        `The process has ${count} of the ${limit} mappings that it may have, and the runtime ` +
          `needs the others: unmap what is no longer used, or raise ${name} ` +
          "(`sysalloc info` shows the limits)",
        { code: "ENOMEM" },
      );
    }
    const left = limit * LEFT_MAPPINGS;
    next = Math.max(left / 8, (limit - left - count) / 8); // one with guard pages is up to three
  }
  // What was made while it looked counts for the next time, and so does all where another
  // thread, which looked at the same time, has been faster.
  const now = atomics.load(counts, MAPPINGS);
  if (now < told) return;
  atomics.store(counts, NEXT, next);
  atomics.compareExchange(counts, MAPPINGS, now, now - told);
}

function isFull({ count, limit }: { readonly count: number; readonly limit: number }): boolean {
  return count >= limit * (1 - LEFT_MAPPINGS);
}

function leaveAddresses(os: Os, addedByteLength: number): void {
  const { room } = os;
  if (room === undefined) {
    byteLength = 0;
    return;
  }
  checkStack(); // what it maps is unmapped
  let left = LEFT_BYTE_LENGTH;
  let found = probeRoom(os, addedByteLength, left);
  if (found === "too few beside" && room.byteLimits().addresses < Infinity) {
    left = LEFT_OF_LIMIT;
    found = probeRoom(os, addedByteLength, left);
  }
  if (found === "too few beside" && releaseHeldRanges()) {
    found = probeRoom(os, addedByteLength, left);
  }
  if (found === "too few") return; // the system is to say so, and the next call looks again
  if (found === "too few beside") {
    nextByteLength = 0; // until there is room
    throw new MmapError(
      `${addedByteLength} bytes more would leave the runtime less than ${left} bytes of ` +
        "addresses: unmap what is no longer used, map less, or raise the process's limit " +
        "(ulimit -v)",
      { code: "ENOMEM" },
    );
  }
  byteLength = 0;
  nextByteLength = left / THREADS;
}

/** Looks whether so many bytes can be mapped, and so many others beside them. */
function probeRoom(
  os: Os,
  addedByteLength: number,
  left: number,
): "enough" | "too few" | "too few beside" {
  const added = addedByteLength === 0 ? undefined : take(os, addedByteLength);
  if (added === "refused") return "too few";
  const rest = take(os, left);
  if (added !== undefined) release([plainAllocation(added, BigInt(addedByteLength))]);
  if (rest === "refused") return "too few beside";
  release([plainAllocation(rest, BigInt(left))]);
  return "enough";
}

/** Maps addresses with which nothing may be done. */
function take(os: Os, length: number): bigint | "refused" {
  const fields = { protection: "none", noReserve: true } as const;
  const address = os.map(anonymousRequest(BigInt(length), fields));
  return typeof address === "bigint" ? address : "refused";
}
