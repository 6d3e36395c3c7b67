/**
 * Waiting on Linux and macOS, with calls that sleep for a limited time.
 *
 * @module
 */
import { atomics } from "../../atomics.ts";
import { FreeList } from "../../free_list.ts";
import type { Failure } from "../contract/memory.ts";
import {
  type Ending,
  MAX_MS,
  SLICE_MS,
  type ThreadWait,
  type Waiting,
} from "../contract/waiting.ts";
import { MAP_FAILED, POSIX, PROT_READ, PROT_WRITE } from "./calls.ts";
import type { CLibrary } from "./library.ts";

/** Memory of the library for arguments that the kernel reads by address. */
export interface Page {
  readonly address: bigint;
  /** The `struct timespec` at the start, as 32-bit halves of its seconds and nanoseconds. */
  readonly time: Int32Array;
  /** One word for each waiting thread. A value other than 0 tells the thread to stop waiting. */
  readonly controls: Int32Array;
}

const PAGE_BYTE_LENGTH = 4096;
/** The offset of the controls: `sizeof(struct timespec)`. */
const CONTROLS = 16;
const MILLISECOND = 1_000_000;
const SLICE = SLICE_MS * MILLISECOND;

/** The job of a thread that waits. */
export interface ThreadJob {
  readonly address: bigint;
  readonly expected: bigint;
  /** The address of the word that tells the thread to stop waiting. */
  readonly control: bigint;
  readonly deadline: bigint | undefined;
}

/** The calls of one system. Times are in nanoseconds. */
export interface WaitingCalls extends Pick<Waiting, "threadSource"> {
  /** Reads the clock that measures the sleep. */
  now(page: Page): number;

  /** Sleeps once for at most a slice, while the word at the address has the value. */
  sleep(
    page: Page,
    address: bigint,
    value: bigint,
    time: number,
  ): Ending | "interrupted" | Failure;

  /** Wakes up to `count` sleepers. Returns their number. */
  notify(address: bigint, count: number): number | Failure;

  /** Wakes the thread that waits for a control, unless the thread polls the control. */
  callBack(control: bigint): void;

  /** See {@linkcode Waiting.threadData}. */
  threadData(slice: bigint): unknown;
}

/**
 * Implements {@linkcode Waiting} with the calls of a system. `flags` are those of `mmap` for
 * private anonymous memory.
 */
export function posixWaiting(
  { native, open, failed }: CLibrary,
  flags: number,
  calls: WaitingCalls,
): Waiting {
  let page: Page | undefined;
  // Not lazily(): if there is no memory now, the next call tries again.
  const openPage = (): Failure | undefined => {
    if (page !== undefined) return undefined;
    const { mmap } = open(POSIX, "mmap");
    const byteLength = BigInt(PAGE_BYTE_LENGTH);
    const address = mmap(0n, byteLength, PROT_READ | PROT_WRITE, flags, -1, 0n);
    if (address === MAP_FAILED) return failed("mmap");
    const buffer = native.view(address, PAGE_BYTE_LENGTH);
    page = {
      address,
      time: new Int32Array(buffer, 0, CONTROLS / 4),
      controls: new Int32Array(buffer, CONTROLS),
    };
    return undefined;
  };
  /** The controls that are free again. */
  const free: FreeList<number> = new FreeList();
  let taken = 0;
  const nanosecondsOf = (milliseconds: number): number =>
    milliseconds > MAX_MS ? Infinity : Math.ceil(milliseconds * MILLISECOND);

  const waitFor = (
    page: Page,
    address: bigint,
    expected: number,
    nanoseconds: number,
  ): Ending | Failure => {
    const value = BigInt(expected >>> 0);
    let left = nanoseconds;
    let deadline: number | undefined;
    for (let again = false;; again = true) {
      const time = Math.min(left, SLICE);
      const ending = calls.sleep(page, address, value, time);
      // The word had the value before, so it was changed, which counts as a wake-up.
      if (ending === "different") return again ? "woken" : "different";
      if (ending !== "elapsed" && ending !== "interrupted") return ending;
      if (left === Infinity) continue;
      if (ending === "elapsed" && left === time) return "elapsed";
      // Most waits end in their first sleep, so the clock is read after it: a signal that interrupts
      // the first sleep makes the wait longer by less than a slice.
      const now = calls.now(page);
      deadline ??= now + left - (ending === "elapsed" ? time : 0);
      left = deadline - now;
      if (left <= 0) return "elapsed";
    }
  };

  const threadWait = (
    page: Page,
    address: bigint,
    expected: number,
    deadline: number,
  ): ThreadWait => {
    const index = free.take() ?? taken++;
    const control = page.address + BigInt(CONTROLS + 4 * index);
    atomics.store(page.controls, index, 0);
    return {
      job: {
        address,
        expected: BigInt(expected >>> 0),
        control,
        deadline: deadline === Infinity ? undefined : BigInt(deadline),
      } satisfies ThreadJob,
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

    wait: ({ address }, expected, milliseconds) =>
      openPage() ?? waitFor(page!, address, expected, nanosecondsOf(milliseconds)),

    notify: ({ address }, count) => calls.notify(address, count),

    prepare({ address }, expected, milliseconds) {
      const failure = openPage();
      if (failure !== undefined) return failure;
      const deadline = calls.now(page!) + nanosecondsOf(milliseconds);
      const first = waitFor(page!, address, expected, 0);
      return first !== "elapsed" || milliseconds === 0
        ? first
        : threadWait(page!, address, expected, deadline);
    },

    threadSource: calls.threadSource,
    threadData: () => calls.threadData(BigInt(SLICE)),
    failed,
  };
}
