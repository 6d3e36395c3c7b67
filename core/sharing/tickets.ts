/**
 * Tickets, which hand memory to another handle in any thread of the process.
 *
 * @module
 */
import { CLAIMED, phaseOf, type Slot } from "../../ffi/slots.ts";
import { fillRandom } from "../../ffi/web.ts";
import { describe, propertyOf } from "../checks/arguments.ts";
import { checkFewFrames, checkStack } from "../checks/call_stack.ts";
import { MmapError } from "../checks/errors.ts";
import { plainAllocation } from "../lifetime/allocation.ts";
import { type ProcessTable, processTable, TICKET } from "../lifetime/process_table.ts";
import { release } from "../lifetime/release.ts";
import type { Mapping } from "../pages/mapping.ts";
import { SharedMapping, type SharedPlan, sharedPlan } from "./shared_mapping.ts";

/**
 * A ticket for one handle of shared memory. {@linkcode Mmap.share} makes it, `postMessage()` can
 * send it, and {@linkcode Mmap.fromTicket} makes a handle of it. It is a frozen plain object.
 */
export interface MmapTicket {
  /** The number of the ticket in the table of this process. */
  readonly slot: number;
  /** The key of the ticket: 128 random bits, as 32 hexadecimal digits. */
  readonly key: string;
}

// Places in the slot of a ticket: the key, and the slot of the shared memory.
const KEY = 2;
const OF = 4;

/** The key of a ticket: 128 random bits. */
export type TicketKey = readonly [high: bigint, low: bigint];

/** The number of keys that are made at a time, which takes as long as making one. */
const KEY_COUNT = 32;

let keyHalves: BigUint64Array = new BigUint64Array(0);
let usedHalves = 0;

function newKey(): TicketKey {
  if (usedHalves === keyHalves.length) {
    const filled = new BigUint64Array(2 * KEY_COUNT);
    fillRandom(filled);
    // A copy: a monkey-patched function may keep the array, or have called share() meanwhile.
    keyHalves = new BigUint64Array(filled);
    usedHalves = 0;
  }
  return [keyHalves[usedHalves++]!, keyHalves[usedHalves++]!];
}

/** Makes a ticket. `open` returns the mapping, and throws if it is closed. */
export function share(open: () => Mapping): MmapTicket {
  const key = newKey(); // first: a monkey-patched function may unmap
  const mapping = open();
  mapping.refuseEngine("share");
  const pages = mapping.track();
  pages.views.refuseTransferred(pages.all);
  const { allocation } = mapping;
  if (allocation.share === undefined) checkStack();
  const table = processTable();
  allocation.share ??= SharedMapping.of(table, pages);
  const slot = table.take();
  try {
    return issue(slot, key, allocation.share as SharedMapping);
  } catch (error) {
    table.spare = slot;
    throw error;
  }
}

/**
 * Makes a ticket in a slot that was claimed. The order of its steps bears that the stack is
 * exhausted at any call: a check of the stack takes longer than all of them.
 */
function issue(slot: Slot, { 0: high, 1: low }: TicketKey, mapping: SharedMapping): MmapTicket {
  const digits = (value: bigint) => value.toString(16).padStart(16, "0");
  const ticket = Object.freeze({ slot: slot.number, key: digits(high) + digits(low) });
  slot.set(KEY, high);
  slot.set(KEY + 1, low);
  slot.set(OF, BigInt(mapping.number));
  slot.enter(CLAIMED); // as it is: the call after join() needs no more of the stack than this one
  mapping.join();
  slot.enter(TICKET);
  return ticket;
}

/** Plans the handle of a ticket. Mapping it uses up the ticket. */
export function redeem(ticket: unknown): SharedPlan {
  const table = processTable();
  const { slot, state, record } = findTicket(table, ticket);
  // The record cannot change before free() uses up the ticket.
  const plan = sharedPlan(table, record, () => {
    if (!slot.free(state)) throw ticketError();
  });
  // Using up the ticket is the last call for the handle of plain memory.
  if (plan.backing !== undefined || plan.layout !== undefined || !plan.isUniform) checkFewFrames();
  return plan;
}

/** Uses up a ticket, as if its handle were made and closed. */
export function releaseTicket(ticket: unknown): void {
  checkStack(); // all of the steps or none
  const { map, exactByteLength, byteLength, pageOffset, source, backing, layout, share } = redeem(
    ticket,
  );
  release([{
    ...plainAllocation(map(), exactByteLength),
    isMirrored: source === "mirror",
    backing,
    layout,
    usedByteLength: BigInt(pageOffset + byteLength),
    share,
  }]);
}

/** Finds the slot of a ticket and the slot of its memory. */
function findTicket(
  table: ProcessTable,
  ticket: unknown,
): { readonly slot: Slot; readonly state: number; readonly record: Slot } {
  if (typeof ticket !== "object" || ticket === null) {
    throw new TypeError(`The ticket must be an object that share() made, got ${describe(ticket)}`);
  }
  const number = propertyOf(ticket, "slot"); // read once
  const key = propertyOf(ticket, "key");
  if (typeof number !== "number" || typeof key !== "string") {
    throw new TypeError(
      "The ticket must be an object that share() made, with a number as slot and a string as key",
    );
  }
  const slot = table.slot(number);
  if (slot === undefined || !isKey(key)) throw ticketError();
  const { state } = slot;
  const isIt = phaseOf(state) === TICKET &&
    slot.get(KEY) === BigInt(`0x${key.slice(0, 16)}`) &&
    slot.get(KEY + 1) === BigInt(`0x${key.slice(16)}`);
  const record = isIt ? table.slot(Number(slot.get(OF))) : undefined;
  if (record === undefined) throw ticketError();
  return { slot, state, record };
}

/**
 * Whether a string is 32 hexadecimal digits. A regular expression would not do: if the stack is
 * exhausted, V8 reports a syntax error in it.
 */
function isKey(key: string): boolean {
  if (key.length !== 32) return false;
  for (let index = 0; index < 32; index++) {
    if (!"0123456789abcdef".includes(key[index]!)) return false;
  }
  return true;
}

function ticketError(): MmapError {
  return new MmapError(
    "The ticket is invalid: it was used or released before, or is of another process; call " +
      "share() once for every handle",
    { code: "EBADF" },
  );
}
