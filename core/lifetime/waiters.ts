/**
 * The waits that are pending for words of a mapping.
 *
 * @module
 */
import { MmapError } from "../checks/errors.ts";
import type { PageRange } from "../checks/ranges.ts";
import type { Allocation } from "./allocation.ts";

/** Ends the waits for words of a mapping that is about to be unmapped, as nobody can wake them then. */
export function endWaits(allocation: Allocation): void {
  const { waits } = allocation;
  if (waits === undefined) return;
  for (const wait of waits) {
    wait.cancel(
      new MmapError("The mapping was closed while waitAsync() waited for a word of it", {
        code: "EBADF",
      }),
    );
  }
  if (waits.every((wait) => wait.join())) return;
  throw new MmapError(
    "A thread of waitAsync() still waits for a word of the mapping, which stays mapped: try again",
    { code: "EBUSY" },
  );
}

/** Refuses to change words that somebody waits for. */
export function refuseWaits(allocation: Allocation, done: string, range?: PageRange): void {
  const isWaited = allocation.waits?.some(({ start }) =>
    range === undefined || (start >= range.start && start < range.end)
  );
  if (!isWaited) return;
  throw new MmapError(
    `This memory cannot be ${done} while waitAsync() waits for a word of it: abort the wait first`,
    { code: "EBUSY" },
  );
}
