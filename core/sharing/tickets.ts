/**
 * The tickets by which memory is handed from one handle to another, in this or
 * another thread of the process.
 *
 * @module
 */
import { fillRandom } from "../../ffi/web.ts";
import { type ProcessTable, processTable } from "../lifetime/process_table.ts";
import { kindOf, type Slot, TICKET } from "../lifetime/slots.ts";
import { MmapError } from "../checks/errors.ts";
import { plainAllocation } from "../lifetime/allocation.ts";
import { release } from "../lifetime/release.ts";
import type { Mapping } from "../pages/mapping.ts";
import { SharedMapping, type SharedPlan, sharedPlan } from "./record.ts";
import { checkFewFrames, checkStack } from "../checks/call_stack.ts";
import { describe, propertyOf } from "../checks/arguments.ts";

/**
 * What hands memory to another thread: {@linkcode Mmap.share} makes it,
 * `postMessage()` takes it there, and {@linkcode Mmap.fromTicket} makes it a handle.
 * A plain object, frozen, good for one handle.
 */
export interface MmapTicket {
  /** Which one it is of those of this process. */
  readonly slot: number;
  /** What tells it from all others that there ever were: 128 random bits, as 32 hexadecimal digits. */
  readonly key: string;
}

// What a slot of a ticket holds.
const KEY = 2;
const OF = 4;

/** What tells a ticket from all others: 128 random bits. */
export type TicketKey = readonly [high: bigint, low: bigint];

function newKey(): TicketKey {
  const key = new BigUint64Array(2);
  fillRandom(key);
  return [key[0]!, key[1]!];
}

/** Makes a ticket. `open` returns the mapping, and throws if it is closed. */
export function share(open: () => Mapping): MmapTicket {
  const key = newKey(); // first: a function that replaces the engine's may unmap
  const mapping = open();
  const pages = mapping.trackViews();
  const { allocation } = mapping;
  if (allocation.share === undefined) checkStack();
  checkFewFrames();
  const table = processTable();
  const slot = table.take();
  try {
    allocation.share ??= SharedMapping.of(table, pages);
    return issue(slot, key, allocation.share as SharedMapping);
  } catch (error) {
    slot.free();
    table.note(slot);
    throw error;
  }
}

/** Makes a slot, which is claimed, a ticket. */
function issue(slot: Slot, { 0: high, 1: low }: TicketKey, mapping: SharedMapping): MmapTicket {
  const digits = (value: bigint) => value.toString(16).padStart(16, "0");
  const ticket = Object.freeze({ slot: slot.number, key: digits(high) + digits(low) });
  slot.set(KEY, high);
  slot.set(KEY + 1, low);
  slot.set(OF, BigInt(mapping.join()));
  slot.publish(TICKET);
  return ticket;
}

/** Finds what a ticket is for. It is used up by mapping that. */
export function redeem(ticket: unknown): SharedPlan {
  const table = processTable();
  const { slot, state, record } = findTicket(table, ticket);
  // Until the slot is found to be still this ticket, it has kept the record as it is.
  const plan = sharedPlan(table, record, () => {
    if (!slot.free(state)) throw ticketError();
  });
  checkFewFrames();
  return plan;
}

/** Uses up a ticket as if it had become a handle that was closed. */
export function releaseTicket(ticket: unknown): void {
  checkStack(); // of what is used up, all is released
  const { map, exactByteLength, source, backing, layout, share } = redeem(ticket);
  release([{
    ...plainAllocation(map(), exactByteLength),
    isMirrored: source === "mirror",
    backing,
    layout,
    share,
  }]);
}

/** Finds the slot of a ticket, and of what it is for. */
function findTicket(
  table: ProcessTable,
  ticket: unknown,
): { readonly slot: Slot; readonly state: number; readonly record: Slot } {
  if (typeof ticket !== "object" || ticket === null) {
    throw new TypeError(`The ticket must be what share() made, got ${describe(ticket)}`);
  }
  const number = propertyOf(ticket, "slot"); // read once
  const key = propertyOf(ticket, "key");
  if (typeof number !== "number" || typeof key !== "string") {
    throw new TypeError(
      "The ticket must be what share() made: an object with a number slot and a string key",
    );
  }
  const slot = table.slot(number);
  if (slot === undefined || !isKey(key)) throw ticketError();
  const { state } = slot;
  const isIt = kindOf(state) === TICKET &&
    slot.get(KEY) === BigInt(`0x${key.slice(0, 16)}`) &&
    slot.get(KEY + 1) === BigInt(`0x${key.slice(16)}`);
  const record = isIt ? table.slot(Number(slot.get(OF))) : undefined;
  if (record === undefined) throw ticketError();
  return { slot, state, record };
}

/** No regular expression: V8 words an exhausted stack as a syntax error of it. */
function isKey(key: string): boolean {
  if (key.length !== 32) return false;
  for (let index = 0; index < 32; index++) {
    if (!"0123456789abcdef".includes(key[index]!)) return false;
  }
  return true;
}

function ticketError(): MmapError {
  return new MmapError(
    "The ticket is not valid: it was taken or released before, or is not of this process; " +
      "each is good for one handle, so call share() for every handle",
    { code: "EBADF" },
  );
}
