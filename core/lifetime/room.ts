/**
 * Checks that leave room for the runtime, which ends the process if it finds no mapping or no
 * addresses for itself.
 *
 * A check costs far more than mapping, so it is repeated only after a part of the room may have
 * been used up. Mappings are counted for all threads together, bytes for each thread.
 *
 * @module
 */
import { atomics } from "../../ffi/atomics.ts";
import type { AdvisedFailure } from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import { checkStack } from "../checks/call_stack.ts";
import { MmapError } from "../checks/errors.ts";
import { plainAllocation } from "./allocation.ts";
import { releaseHeldRanges } from "./held_ranges.ts";
import { processCounts } from "./process_table.ts";
import { release } from "./release.ts";
import { anonymousRequest } from "./requests.ts";

/** The part of the limit of mappings that stays free. */
const LEFT_MAPPINGS = 1 / 16;
/** The addresses that stay free, in bytes: a 128th of the 2^47 of most processors. */
const LEFT_BYTE_LENGTH = 2 ** 40;
/**
 * The addresses that stay free under a limit of the process (`ulimit -v`), in bytes: 64 MiB for
 * each thread in which glibc allocates for the first time (nine in Node.js), and for the heap.
 */
const LEFT_OF_LIMIT = 640 * 2 ** 20;

/** The number of mappings before the first check. The limit is 65,530 by default. */
const FIRST_CHECK = 2048;
/** The number of mappings that a thread makes before it adds them to the common count. */
const MAX_OWN_MAPPINGS = 16;
/** The number of threads that may map at the same time. */
const THREADS = 32;

// Indexes of the counts that all threads share.
/** The mappings made since the last check, including those that were unmapped. */
const MAPPINGS = 0;
/** The count at which the next check is due; 0 before the first check. */
const NEXT = 1;

let ownMappings = 0;
/** The bytes that this thread has mapped since its last check. */
let mappedByteLength = 0;
/** The number of bytes at which its next check is due. */
let nextByteLength = LEFT_OF_LIMIT / THREADS;

/** Throws if one more mapping, or `addedByteLength` more bytes, would leave the runtime too little. */
export function leaveRoom(os: Os, addedByteLength: number): void {
  if (++ownMappings >= MAX_OWN_MAPPINGS) leaveMappings(os);
  mappedByteLength += addedByteLength;
  if (addedByteLength > 0 && mappedByteLength >= nextByteLength) {
    leaveAddresses(os, addedByteLength);
  }
}

/** The bytes that are backed before the next check of free memory, which takes some 0.1 ms. */
const UNCHECKED_BYTE_LENGTH = 2 ** 22;
/** The bytes that this thread has backed since its last check. */
let uncheckedByteLength = 0;

/**
 * Returns a failure if backing so many bytes would make the system end a process for lack of
 * memory.
 */
export function memoryRefusal(os: Os, addedByteLength: number): AdvisedFailure | undefined {
  uncheckedByteLength += addedByteLength;
  if (uncheckedByteLength < UNCHECKED_BYTE_LENGTH) return undefined;
  uncheckedByteLength = 0;
  checkStack(); // refuseMemory() closes the files that it opens
  return os.room?.refuseMemory(BigInt(addedByteLength), "back less");
}

/** Does the same for pages at an address. Pages that are already in memory do not count. */
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
  const total = atomics.add(counts, MAPPINGS, ownMappings) + ownMappings;
  ownMappings = 0;
  if (total < (atomics.load(counts, NEXT) || FIRST_CHECK)) return;
  checkStack(); // mappings() closes the file that it opens
  const { room } = os;
  let found = room?.mappings();
  if (found !== undefined && isFull(found) && releaseHeldRanges()) found = room!.mappings();
  let next = FIRST_CHECK;
  if (found !== undefined) {
    const { count, limit, name } = found;
    if (isFull(found)) {
      ownMappings = MAX_OWN_MAPPINGS; // the next mapping checks again
      throw new MmapError(
        `The process has ${count} of at most ${limit} mappings, and the runtime needs the rest: ` +
          `unmap what is no longer used, or raise ${name} ` +
          "(`sysalloc info` shows the limits)",
        { code: "ENOMEM" },
      );
    }
    const left = limit * LEFT_MAPPINGS;
    // An eighth, because a mapping with guard pages counts up to three times.
    next = Math.max(left / 8, (limit - left - count) / 8);
  }
  // Mappings made during the check count for the next one. If another thread finished its check
  // first, all do.
  const now = atomics.load(counts, MAPPINGS);
  if (now < total) return;
  atomics.store(counts, NEXT, next);
  atomics.compareExchange(counts, MAPPINGS, now, now - total);
}

function isFull({ count, limit }: { readonly count: number; readonly limit: number }): boolean {
  return count >= limit * (1 - LEFT_MAPPINGS);
}

function leaveAddresses(os: Os, addedByteLength: number): void {
  const { room } = os;
  if (room === undefined) {
    mappedByteLength = 0;
    return;
  }
  checkStack(); // probeRoom() unmaps what it maps
  let left = LEFT_BYTE_LENGTH;
  let found = probeRoom(os, addedByteLength, left);
  if (found === "too few beside" && room.byteLimits().addresses < Infinity) {
    left = LEFT_OF_LIMIT;
    found = probeRoom(os, addedByteLength, left);
  }
  if (found === "too few beside" && releaseHeldRanges()) {
    found = probeRoom(os, addedByteLength, left);
  }
  if (found === "too few") return; // the system refuses it then, and the next call checks again
  if (found === "too few beside") {
    nextByteLength = 0; // check each call until there is room
    throw new MmapError(
      `${addedByteLength} more bytes would leave the runtime less than ${left} bytes of address ` +
        "space: unmap what is no longer used, map less, or raise the limit (ulimit -v)",
      { code: "ENOMEM" },
    );
  }
  mappedByteLength = 0;
  nextByteLength = left / THREADS;
}

/** Tries to map `addedByteLength` bytes, and `left` bytes beside them. */
function probeRoom(
  os: Os,
  addedByteLength: number,
  left: number,
): "enough" | "too few" | "too few beside" {
  const added = addedByteLength === 0 ? undefined : reserve(os, addedByteLength);
  if (added === "refused") return "too few";
  const rest = reserve(os, left);
  if (added !== undefined) release([plainAllocation(added, BigInt(addedByteLength))]);
  if (rest === "refused") return "too few beside";
  release([plainAllocation(rest, BigInt(left))]);
  return "enough";
}

/** Reserves addresses. */
function reserve(os: Os, length: number): bigint | "refused" {
  const fields = { protection: "none", noReserve: true } as const;
  const address = os.map(anonymousRequest(BigInt(length), fields));
  return typeof address === "bigint" ? address : "refused";
}
