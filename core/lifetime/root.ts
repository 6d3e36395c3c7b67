/**
 * The root of the process table: a page at an address that all copies of the library agree on.
 *
 * The read-only page holds a magic number and the address of the first block. The library maps it
 * before it maps anything for a caller, and never unmaps it. So memory that a program got from the
 * library cannot be mistaken for the root.
 *
 * @module
 */
import { atomics, sleep } from "../../ffi/atomics.ts";
import { currentRuntime } from "../../ffi/host.ts";
import { type Failure, UNSUPPORTED } from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import { BLOCK_BYTES } from "../../ffi/slots.ts";
import { detach } from "../checks/buffers.ts";
import { anonymousRequest } from "./requests.ts";
import { unmapStray } from "./release.ts";

/**
 * The possible addresses of the root, which is at the first free one. They are multiples of every
 * page size and far from the addresses that systems choose. The second one is within the smallest
 * address spaces (2^36 bytes).
 */
const ADDRESSES: readonly bigint[] = [
  0x7a_5a11_0000n,
  0x0d_5a11_0000n,
  0x25a1_15a1_0000n,
  0x3a5a_5a11_0000n,
];

/** The first word of a root. Another layout of the table gets another number. */
const MAGIC = 0x7379_7361_6c6c_6f02n;
/** The length of the magic number and the address of the first block. */
const ROOT_BYTES = 16;

/** The longest time to wait for another thread to finish a step, which may have ended in it. */
export const PATIENCE_MS = 1000;

/** The failure if nothing can be mapped at any of the addresses. */
export const TAKEN: Failure = { ...UNSUPPORTED, code: "EADDRNOTAVAIL" };

/** The address of the first block, or the failure, for each system (tests have several). */
const roots: WeakMap<Os, bigint | Failure> = new WeakMap();

/** The address of the first block. Finds or makes the root when first called. */
export function rootOf(os: Os): bigint | Failure {
  const known = roots.get(os);
  if (known !== undefined) return known;
  // First: a root without a block would be useless.
  const block = mapBlock(os);
  if (typeof block !== "bigint") return block;
  const root = findOrMakeRoot(os, block);
  if (root !== block) unmapStray(os, block, BigInt(BLOCK_BYTES));
  if (typeof root === "bigint" || root === TAKEN) roots.set(os, root);
  return root;
}

/** The address of the first block, if this thread knows the root. */
export function knownRootOf(os: Os): bigint | undefined {
  const known = roots.get(os);
  return typeof known === "bigint" ? known : undefined;
}

/** Whether a range overlaps an address where the root is or may be. */
export function overlapsRoot(os: Os, address: bigint, byteLength: bigint): boolean {
  const end = address + byteLength;
  return ADDRESSES.some((root) => address < root + BigInt(os.pageSize) && root < end);
}

/** The first block: `fresh` if there was no root before. */
function findOrMakeRoot(os: Os, fresh: bigint): bigint | Failure {
  for (let index = 0; index < ADDRESSES.length; index++) {
    const address = ADDRESSES[index]!;
    const refusal = mapRoot(os, address, fresh);
    if (refusal === undefined) return fresh;
    // Whatever the error is, another thread may have made the root, and there must not be two.
    const found = findRoot(os, address, isTaken(refusal)) ??
      (refusal.code === "ENOMEM" ? shortageOf(os) : undefined);
    if (found !== undefined) return found;
  }
  return TAKEN;
}

/** Whether something occupies the address, perhaps a root that is not filled yet. */
function isTaken({ code }: Failure): boolean {
  return code === TAKEN.code || code === "EEXIST" || code === "EINVAL"; // EINVAL on Windows
}

/**
 * The failure if not a single page can be mapped anywhere. Linux also returns `ENOMEM` for an
 * address past the end of the address space.
 */
function shortageOf(os: Os): Failure | undefined {
  const byteLength = BigInt(os.pageSize);
  const page = mapCommon(os, byteLength, 0n);
  if (typeof page !== "bigint") return page;
  unmapStray(os, page, byteLength);
  return undefined;
}

/** Makes the root if the address is free. */
function mapRoot(os: Os, address: bigint, block: bigint): Failure | undefined {
  const byteLength = BigInt(os.pageSize);
  const page = mapCommon(os, byteLength, address);
  if (typeof page !== "bigint") return page;
  if (page !== address) {
    unmapStray(os, page, byteLength);
    return TAKEN;
  }
  const root = new BigUint64Array(currentRuntime().view(page, ROOT_BYTES));
  atomics.store(root, 1, block);
  atomics.store(root, 0, MAGIC); // last: other threads trust the root from now on
  detach(root.buffer);
  // Programs can know the address, so nobody may store to it. If refused, the root still works.
  os.protect(page, byteLength, "read");
  return undefined;
}

/** The first block if the root is at the address, else `undefined`. */
function findRoot(os: Os, address: bigint, waits: boolean): bigint | Failure | undefined {
  const root = new BigUint64Array(2);
  const bytes = new Uint8Array(root.buffer);
  const { copying } = os;
  const read = copying.peek ?? ((address, target) => copying.read(address, target, true));
  for (let waited = 0; waited < PATIENCE_MS; waited++) {
    const failure = read(address, bytes);
    if (failure !== undefined) return failure.code === "EFAULT" ? undefined : failure;
    const { 0: magic, 1: block } = root as unknown as [bigint, bigint];
    if (magic === MAGIC) return block;
    if (magic !== 0n || !waits) return undefined;
    // Another thread has just mapped the page. If that thread is terminated now, the page stays
    // empty.
    sleep();
  }
  return undefined;
}

/** Maps a block at any address. */
export function mapBlock(os: Os): bigint | Failure {
  return mapCommon(os, BigInt(BLOCK_BYTES), 0n);
}

/** Maps memory for all threads, exactly at `hint` unless that is `0n`. */
export function mapCommon(os: Os, byteLength: bigint, hint: bigint): bigint | Failure {
  return os.map(anonymousRequest(byteLength, { hint, strict: hint !== 0n }));
}
