/**
 * Pending waits for words of a mapping, and pending flushes.
 *
 * @module
 */
import { MmapError } from "../checks/errors.ts";
import type { PageRange } from "../checks/ranges.ts";
import type { Allocation, Waiter } from "./allocation.ts";

/** Notes a pending call. */
export function addWaiter(allocation: Allocation, waiter: Waiter): void {
  allocation.waits = [...allocation.waits ?? [], waiter];
}

/** Notes that a call is not pending any more. */
export function removeWaiter(allocation: Allocation, waiter: Waiter): void {
  const others = allocation.waits?.filter((other) => other !== waiter) ?? [];
  allocation.waits = others.length === 0 ? undefined : others;
}

/** Asks the pending calls for a mapping that is closed to end. */
export function cancelWaits({ waits }: Allocation): void {
  waits?.forEach((wait) => {
    wait.cancel(
      new MmapError(
        `The mapping was closed while ${wait.call}() was pending` +
          (wait.call === "flushAsync" ? ": the disk has its stores later" : ""),
        { code: "EBADF" },
      ),
    );
  });
}

/**
 * Ends the pending calls for a mapping that is about to be unmapped: nobody could wake the waits,
 * and nobody could tell what a flush has written.
 */
export function endWaits(allocation: Allocation): void {
  const { waits } = allocation;
  if (waits === undefined) return;
  cancelWaits(allocation);
  if (waits.every((wait) => wait.join())) return;
  throw new MmapError(
    "A thread of waitAsync() has not stopped waiting for a word of the mapping, which stays mapped: " +
      "try again",
    { code: "EBUSY" },
  );
}

/** Refuses to change a range with a word that is waited for; without a range, any pending call. */
export function refuseWaits(allocation: Allocation, done: string, range?: PageRange): void {
  const wait = allocation.waits?.find(({ start = -1 }) =>
    range === undefined || (start >= range.start && start < range.end)
  );
  if (wait === undefined) return;
  throw new MmapError(
    `This memory cannot be ${done} while ${wait.call}() is pending: await it, or abort it first`,
    { code: "EBUSY" },
  );
}
