/**
 * Waiting on Linux and macOS: what is not the call itself.
 *
 * @module
 */
import { atomics } from "../../atomics.ts";
import { FreeList } from "../../free_list.ts";
import type { Native } from "../../symbols.ts";
import { type Failure, isFailure } from "../contract/memory.ts";
import { MAP_FAILED, PROT_READ, PROT_WRITE } from "./calls.ts";
import type { CopyingShared } from "./copying.ts";
import { type Ending, SLICE_MS, type ThreadWait, type Waiting } from "../contract/waiting.ts";

/** Memory of the library's own, which the kernel is pointed to. */
export interface Page {
  readonly address: bigint;
  /** A `struct timespec`, at the start. */
  readonly time: BigInt64Array;
  /** Behind it a word for each thread that waits: another value than 0 calls it back. */
  readonly controls: Int32Array;
}

const PAGE_BYTE_LENGTH = 4096;
/** Where the controls start: `sizeof(struct timespec)`. */
const CONTROLS = 16;
/** What is waited longer for is waited for without end, in milliseconds: 100 years, which a `struct timespec` holds. */
const MAX_MS = 100 * 365 * 86_400_000;
const SLICE = BigInt(SLICE_MS) * 1_000_000n;

/** The calls of one system. Times are in nanoseconds. */
export interface WaitingCalls {
  /** A moment of the clock that waiting goes by. */
  now(page: Page): bigint;

  /** Sleeps once. */
  sleep(
    page: Page,
    address: bigint,
    value: bigint,
    time: bigint,
  ): Ending | "interrupted" | Failure;

  /** Wakes. */
  notify(address: bigint, count: number): number | Failure;

  /** Wakes the thread that waits for a control, where it sleeps until then. */
  callBack(control: bigint): void;

  readonly threadSource: string;

  threadData(slice: bigint): unknown;

  failed(syscall: string, osError: number): Failure;
}

/** Waits by the calls of a system; `flags` are those of `mmap` for private memory. */
export function posixWaiting(
  native: Native,
  flags: number,
  { memory, failed }: CopyingShared,
  calls: WaitingCalls,
): Waiting {
  let page: Page | undefined;
  // Where there was no memory for it, there can be some the next time.
  const opened = (): Page | Failure => {
    if (page !== undefined) return page;
    const byteLength = BigInt(PAGE_BYTE_LENGTH);
    const address = memory.mmap(0n, byteLength, PROT_READ | PROT_WRITE, flags, -1, 0n);
    if (address === MAP_FAILED) return failed("mmap");
    const buffer = native.view(address, PAGE_BYTE_LENGTH);
    return page = {
      address,
      time: new BigInt64Array(buffer, 0, CONTROLS / 8),
      controls: new Int32Array(buffer, CONTROLS),
    };
  };
  /** The controls of threads that have left. */
  const free: FreeList<number> = new FreeList();
  let taken = 0;
  const nanosecondsOf = (milliseconds: number): bigint | undefined =>
    milliseconds > MAX_MS ? undefined : BigInt(Math.ceil(milliseconds * 1e6));

  const waitFor = (
    page: Page,
    address: bigint,
    expected: number,
    nanoseconds: bigint | undefined,
  ): Ending | Failure => {
    // Who only compares needs no clock, and nobody needs it twice before the first sleep.
    const deadline = nanoseconds === undefined || nanoseconds === 0n
      ? nanoseconds
      : calls.now(page) + nanoseconds;
    let left = nanoseconds ?? SLICE;
    for (let again = false;; again = true) {
      if (again && deadline !== undefined) {
        left = deadline === 0n ? 0n : deadline - calls.now(page);
        if (left <= 0n) return "elapsed";
      }
      const time = left < SLICE ? left : SLICE;
      const ending = calls.sleep(page, address, BigInt(expected >>> 0), time);
      // What had the value when it was asked for, and has another now, was announced.
      if (ending === "different") return again ? "woken" : "different";
      if (ending !== "elapsed" && ending !== "interrupted") return ending;
    }
  };

  const threadWait = (
    page: Page,
    address: bigint,
    expected: number,
    deadline: bigint | undefined,
  ): ThreadWait => {
    const index = free.take() ?? taken++;
    const control = page.address + BigInt(CONTROLS + 4 * index);
    atomics.store(page.controls, index, 0);
    return {
      job: { address, expected: BigInt(expected >>> 0), control, deadline },
      cancel() {
        atomics.store(page.controls, index, 1);
        calls.callBack(control);
      },
      end(ending) {
        free.add(index);
        return ending;
      },
    };
  };

  return {
    hasSteps: false,

    wait({ address }, expected, milliseconds) {
      const page = opened();
      if (isFailure(page)) return page;
      return waitFor(page, address, expected, nanosecondsOf(milliseconds));
    },

    notify: ({ address }, count) => calls.notify(address, count),

    prepare({ address }, expected, milliseconds) {
      const page = opened();
      if (isFailure(page)) return page;
      const nanoseconds = nanosecondsOf(milliseconds);
      const deadline = nanoseconds === undefined ? undefined : calls.now(page) + nanoseconds;
      const first = waitFor(page, address, expected, 0n);
      return first !== "elapsed" || milliseconds === 0
        ? first
        : threadWait(page, address, expected, deadline);
    },

    threadSource: calls.threadSource,
    threadData: () => calls.threadData(SLICE),
    failed: calls.failed,
  };
}
