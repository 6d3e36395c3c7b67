/**
 * Counts the slots of the process table that are in use, in whatever thread: those of
 * mappings that are shared, and of tickets that are open.
 *
 * @module
 */
import { processTable } from "../../core/lifetime/process_table.ts";
import { FREE, phaseOf } from "../../ffi/slots.ts";

export function slotsInUse(): number {
  const table = processTable();
  let count = 0;
  for (let number = 0;; number++) {
    const slot = table.slot(number);
    if (slot === undefined) return count;
    if (phaseOf(slot.state) !== FREE) count++;
  }
}
