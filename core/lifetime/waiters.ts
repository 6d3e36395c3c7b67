/**
 * Pending waits for words of a mapping.
 *
 * @module
 */
import { MmapError } from "../checks/errors.ts";
import type { PageRange } from "../checks/ranges.ts";
import type { Allocation } from "./allocation.ts";

/** Asks the waits for words of a mapping that is closed to end. */
export function cancelWaits({ waits }: Allocation): void {
  waits?.forEach((wait) => {
    wait.cancel(
      new MmapError("The mapping was closed while waitAsync() waited for a word of it", {
        code: "EBADF",
      }),
    );
  });
}

/** Ends the waits for words of a mapping that is about to be unmapped: nobody could wake them. */
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

/** Refuses to change a range with a word that `waitAsync()` waits for. */
export function refuseWaits(allocation: Allocation, done: string, range?: PageRange): void {
  const isWaited = allocation.waits?.some(({ start }) =>
    range === undefined || (start >= range.start && start < range.end)
  );
  if (!isWaited) return;
  throw new MmapError(
    `This memory cannot be ${done} while waitAsync() waits for a word in it: abort the wait first`,
    { code: "EBUSY" },
  );
}
