/**
 * Advice, locks and residency of ranges, which are rounded outwards to pages.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import { type Advice, ADVICE_SYSTEMS } from "../../ffi/os/contract/residency.ts";
import { oneOf } from "../checks/arguments.ts";
import { describeRange, MmapError, systemError } from "../checks/errors.ts";
import { isEmpty, type PageRange } from "../checks/ranges.ts";
import { roundDown, roundUp } from "../../ffi/bigints.ts";
import { backingRefusal, leaveRoom } from "../lifetime/room.ts";
import type { PageState } from "./page_state.ts";
import { loadPages } from "./touch.ts";

/** A range of whole pages, by address. */
export interface WholePages {
  readonly address: bigint;
  readonly byteLength: bigint;
}

const ADVICES = Object.keys(ADVICE_SYSTEMS);
/** Advice that may change content. Its range must not be rounded outwards. */
const CHANGING: readonly string[] = [
  "dont-need",
  "dont-need-locked",
  "free",
  "free-reusable",
  "remove",
] satisfies Advice[];

/** Whether an advice is for whole pages only. Throws if there is no such advice. */
export function isForWholePages(advice: Advice): boolean {
  oneOf(ADVICES, advice, "The advice");
  return CHANGING.includes(advice);
}

/** Gives advice for a range. */
export function advise(memory: PageState, range: PageRange, advice: Advice): void {
  if (isEmpty(range)) return;
  const pages = wholePages(memory, range);
  leaveRoom(host().os, 0);
  // A load takes memory for named memory, but not for anonymous memory.
  const backs = advice === "populate-write" || (advice === "populate-read" && !memory.areAnonymous);
  if (backs && memory.areInMemory) checkBackable("back", memory, pages);
  memory.allocation.isSplit = true;
  const failure = host().os.residency.advise(pages.address, pages.byteLength, advice);
  if (failure === undefined) return;
  const systems = ADVICE_SYSTEMS[advice];
  if (failure === "unsupported") {
    throw new MmapError(
      `This system does not have the advice "${advice}", which is for ${systems}`,
      { code: "ENOTSUP" },
    );
  }
  throw memory.systemError(
    `the advice "${advice}" for ${describeRange(pages)}`,
    failure,
    failure.code === "EINVAL"
      ? `it is for ${systems} or later, and not for every kind of memory`
      : undefined,
  );
}

/** Keeps the pages of a range in RAM. */
export function lock(memory: PageState, range: PageRange): void {
  if (isEmpty(range)) return;
  refuseNoAccess("locked", range, memory);
  const residency = host().os.residency;
  const pages = wholePages(memory, range);
  leaveRoom(host().os, 0);
  checkBackable("lock", memory, pages);
  memory.allocation.isSplit = true;
  const failure = residency.lock(pages.address, pages.byteLength, memory.areOfPrivateFile);
  if (failure === undefined) return;
  if (failure.code === "ENOMEM" && !memory.areAnonymous) {
    // Linux also returns ENOMEM for a lost page. Loading the pages tells the two apart.
    const reason = lossIn(pages);
    if (reason !== undefined) throw memory.systemError(`to lock ${describeRange(pages)}`, reason);
  }
  const limit = residency.lockLimit(failure.code);
  throw memory.systemError(
    `to lock ${describeRange(pages)}`,
    failure,
    limit && `the limit of locked memory is reached: raise ${limit}, or lock less`,
  );
}

/** Refuses to back pages if there is too little memory: the system would end a process for it. */
export function checkBackable(verb: string, memory: PageState, pages: WholePages): void {
  // Both halves of a mirror have the same memory.
  const byteLength = Math.min(Number(pages.byteLength), memory.period);
  const failure = backingRefusal(host().os, pages.address, byteLength);
  if (failure !== undefined) {
    throw memory.systemError(`to ${verb} ${describeRange(pages)}`, failure);
  }
}

/** The failure of loading the pages of a file; `undefined` if all can be loaded. */
function lossIn({ address, byteLength }: WholePages): Failure | undefined {
  const { os } = host();
  const failure = os.residency.populate(address, byteLength, false);
  if (failure === undefined) return undefined;
  const isLoss = failure !== "unsupported" && failure.code === "EFAULT";
  return isLoss ? failure : loadPages(os, address, Number(byteLength)); // older kernels, and sandboxes
}

/** Undoes {@linkcode lock}. */
export function unlock(memory: PageState, range: PageRange): void {
  if (isEmpty(range)) return;
  const pages = wholePages(memory, range);
  leaveRoom(host().os, 0);
  memory.allocation.isSplit = true;
  const failure = host().os.residency.unlock(pages.address, pages.byteLength);
  if (failure !== undefined) throw systemError(`to unlock ${describeRange(pages)}`, failure);
}

/** Counts the bytes of a range that are in RAM, in whole pages. */
export function resident(memory: PageState, range: PageRange): number {
  if (isEmpty(range)) return 0;
  const pages = wholePages(memory, range);
  const byteLength = host().os.residency.resident(pages.address, pages.byteLength);
  if (typeof byteLength === "number") return byteLength;
  throw systemError(`to count the bytes in RAM of ${describeRange(pages)}`, byteLength);
}

/** Rounds a range outwards to pages. */
export function wholePages(memory: PageState, { start, end }: PageRange): WholePages {
  const pageSize = BigInt(host().os.pageSize);
  const address = roundDown(memory.addressOf(start), pageSize);
  return { address, byteLength: roundUp(memory.addressOf(end), pageSize) - address };
}

/** Refuses a range with inaccessible pages. */
export function refuseNoAccess(done: string, range: PageRange, memory: PageState): void {
  if (!memory.allows("read", range)) throw memory.accessError(done, range);
}
