/**
 * Tickets as words of memory that threads share: no message is needed to hand them over.
 *
 * @module
 */
import type { MmapTicket } from "../../mod.ts";

/** The number of words that a ticket takes: its slot, and its key. */
export const TICKET_WORDS = 5;

/** Stores a ticket to the words from `at` on. */
export function storeTicket(words: Int32Array, at: number, { slot, key }: MmapTicket): void {
  words[at] = slot;
  for (let part = 0; part < 4; part++) {
    words[at + 1 + part] = Number.parseInt(key.slice(8 * part, 8 * part + 8), 16);
  }
}

/** Loads what {@linkcode storeTicket} stored. */
export function loadTicket(words: Int32Array, at: number): MmapTicket {
  const key = Array.from(
    { length: 4 },
    (_, part) => (words[at + 1 + part]! >>> 0).toString(16).padStart(8, "0"),
  ).join("");
  return { slot: words[at]!, key };
}
