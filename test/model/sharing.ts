/**
 * The steps of tickets: made, taken, released, and bad ones.
 *
 * @module
 */
import { Mmap, type MmapTicket } from "../../mod.ts";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { throws } from "./arguments.ts";
import type { Take, TakeSlot, World } from "./sequence.ts";
import {
  checkContent,
  checkKept,
  detach,
  equal,
  isReadable,
  isWritable,
  PAGE,
  type Slot,
  stateErrors,
  store,
} from "./world.ts";

/** share(), and what can be done with the ticket. */
export const share: TakeSlot = (world, slot, [, , a, b, c], name) => {
  const { mmap } = slot;
  const ticket = world.call(name, stateErrors(slot, true), () => mmap.share());
  if (ticket === undefined) return;
  if (c % 3 === 0) refuseChanges(world, slot, mmap, a);
  const copy = b % 2 === 0 ? structuredClone(ticket) : { ...ticket };
  if (a % 4 === 0) {
    world.call("release", [], () => Mmap.release(copy));
  } else {
    const other = world.call("fromTicket", [], () => Mmap.fromTicket(copy))!;
    compare(world, slot, other, a, b, c);
    if (c % 2 === 0) other.unmap();
    else closeFirst(world, slot, other);
    releaseHeldRanges(); // no call has a view: the one that is left is alone again
  }
  world.call("fromTicket(used)", ["EBADF"], () => Mmap.fromTicket(ticket));
  world.call("release(used)", ["EBADF"], () => Mmap.release(ticket));
};

/** Calls that would change memory under other handles, and must be refused. */
function refuseChanges(world: World, { model }: Slot, mmap: Mmap, n: number): void {
  const { source, access, byteLength, skip } = model;
  const isPlain = source === "memory" && model.guards[0] === 0 && model.capacity === 0;
  const other = ["ENOTSUP", "EACCES", "EBUSY", "EFAULT", "RangeError"];
  switch (n % 3) {
    case 0:
      world.call("protect(shared)", [source === "mirror" ? "ENOTSUP" : "EBUSY"], () => {
        mmap.unsafeProtect("read");
      });
      break;
    case 1:
      world.call("intoRaw(shared)", [isPlain ? "EBUSY" : "ENOTSUP"], () => mmap.intoRaw());
      break;
    default:
      if (model.capacity === 0) {
        world.call("resize(shared)", other, () => mmap.resize(byteLength + skip));
      } else if (byteLength > 1) {
        world.call("resize(shared)", ["EBUSY"], () => mmap.resize(byteLength - 1));
      }
      if (source !== "memory") break;
      world.call("decommit(shared)", ["EBUSY"], () => mmap.decommit(0, byteLength));
      world.call("commit(shared)", ["EBUSY"], () => mmap.commit(0, byteLength));
  }
  equal(mmap.accessAt(0), access[0], "The access after a change that was refused");
}

/** Another handle must be as the first one is, and see what it stores. */
function compare(world: World, slot: Slot, other: Mmap, a: number, b: number, c: number): void {
  const { mmap, model } = slot;
  equal(other.address, mmap.address, "The address of the other handle");
  equal(other.byteLength, mmap.byteLength, "The byteLength of the other handle");
  equal(other.access, mmap.access, "The access of the other handle");
  const at = a % model.byteLength;
  const start = model.skip + at;
  equal(
    other.accessAt(at),
    model.access[Math.floor(start / PAGE)],
    "An access of the other handle",
  );
  const end = Math.min(start + 1 + b % 100, model.skip + model.byteLength);
  if (isWritable(model, start, end)) {
    const bytes = new Uint8Array(end - start).fill(c);
    if (b % 2 === 0) other.write(bytes, at);
    else other.view(Uint8Array, at, bytes.length).set(bytes);
    store(model, start, bytes);
  }
  if (!isReadable(model, start, end)) return;
  const seen = new Uint8Array(end - start);
  mmap.read(seen, at);
  checkContent(model, start, seen, "What another handle stored");
  refuseChanges(world, slot, other, b);
}

/** Closes the first handle; the other one takes its place. */
function closeFirst(world: World, slot: Slot, other: Mmap): void {
  const { mmap, model } = slot;
  mmap.unmap();
  detach(slot, 0, model.own.length);
  for (const kept of slot.kept) checkKept(kept);
  const taken = { mmap: other, model: { ...model }, kept: [] };
  model.isClosed = true;
  world.slots[world.slots.indexOf(slot)] = taken;
}

const DIGITS = "0123456789abcdef".repeat(2);
const BAD: readonly unknown[] = [
  undefined,
  null,
  1,
  "ticket",
  {},
  [],
  { slot: 0 },
  { key: DIGITS },
  { slot: "0", key: DIGITS },
  { slot: 0, key: 0 },
];

/** Tickets that there never were. */
export const badTicket: Take = (world, _index, [, , a, b, c]) => {
  const slots = [a % 600, -a, a / 7 + 0.1, NaN, Infinity, 2 ** 53, a * 2 ** 20];
  const [ticket, errors] = b % 4 === 0
    ? [BAD[a % BAD.length], ["TypeError"]]
    : b % 16 === 1
    ? [Object.defineProperty({ slot: 0 }, "key", { get: throws }), ["Thrown"]]
    : [{ slot: slots[c % slots.length], key: a % 5 === 0 ? DIGITS.slice(1) : DIGITS }, ["EBADF"]];
  const call = b % 2 === 0 ? "release" : "fromTicket";
  world.call(`${call}(bad)`, errors as string[], () => Mmap[call](ticket as MmapTicket));
};
