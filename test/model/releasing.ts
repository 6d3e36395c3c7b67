/**
 * The steps that unmap, and that give memory away.
 *
 * @module
 */
import { Mmap } from "../../mod.ts";
import { host } from "../../ffi/host.ts";
import type { GuardEntry } from "../../ffi/os/contract/truncation_guard.ts";
import { bad } from "./arguments.ts";
import type { Take, TakeSlot, World } from "./sequence.ts";
import {
  busy,
  checkKept,
  detach,
  equal,
  PAGE,
  setAccess,
  type Slot,
  stateErrors,
} from "./world.ts";

/** intoRaw(), and unsafeFromRaw() of what it gave. */
export const raw: TakeSlot = (world, slot, [, , , , c], name) => {
  const { mmap, model } = slot;
  const errors = stateErrors(slot, true);
  const isPlain = model.source === "memory" && model.guards[0] === 0 && model.capacity === 0;
  if (!model.isClosed && !isPlain) errors.push("ENOTSUP");
  if (errors.length === 0) {
    world.call(`${name}: protect`, [], () => mmap.unsafeProtect("read-write"), busy(model));
    if (world.wasBusy) return;
    detach(slot, 0, model.own.length);
    setAccess(slot, 0, model.own.length, () => "read-write");
  }
  const given = world.call(`${name}`, errors, () => mmap.intoRaw(), busy(model));
  if (given === undefined) return;
  equal(given.byteLength, model.byteLength, "The byteLength given away");
  equal(mmap.closed, true, "closed after intoRaw()");
  detach(slot, 0, model.own.length);
  for (const kept of slot.kept) checkKept(kept);
  const { address, byteLength } = given;
  const taken = world.call(
    "unsafeFromRaw",
    [],
    () =>
      c % 2 === 0
        ? Mmap.unsafeFromRaw(address, byteLength)
        : Mmap.unsafeFromRaw(address, BigInt(byteLength)),
  )!;
  world.slots[world.slots.indexOf(slot)] = { mmap: taken, model: { ...model }, kept: [] };
  model.isClosed = true;
};

/** unsafeFromRaw() of what can never be memory. */
export const badRaw: Take = (world, _index, [, , a, b]) => {
  const [address, byteLength] = a % 2 === 0 ? [1n, bad(b)] : [bad(b), 0];
  const errors = ["TypeError", "RangeError"];
  world.call(
    "unsafeFromRaw(bad)",
    errors,
    () => Mmap.unsafeFromRaw(address as bigint, byteLength as number),
  );
};

/** pin(): nothing moves or ends the memory until it is disposed. */
export const pin: TakeSlot = (world, slot, [, , a, b], name) => {
  const { mmap, model: { source, byteLength, capacity, guards: [guard] } } = slot;
  const first = world.call(`${name}()`, stateErrors(slot, false), () => mmap.pin());
  if (first === undefined) return;
  const second = mmap.pin();
  if (b % 2 === 0) first[Symbol.dispose]();
  const isPlain = source === "memory" && guard === 0 && capacity === 0;
  const isLeast = capacity > 0 && byteLength === 1;
  const calls: readonly (readonly [errors: string[], call: () => void])[] = [
    [["EBUSY"], () => mmap.unmap()],
    [[source === "mirror" ? "ENOTSUP" : "EBUSY"], () => mmap.unsafeProtect("none")],
    [[source === "memory" ? "EBUSY" : "ENOTSUP"], () => mmap.decommit(0, byteLength)],
    [[isPlain ? "EBUSY" : "ENOTSUP"], () => mmap.intoRaw()],
    [isLeast ? [] : ["EBUSY", "ENOTSUP", "EACCES"], () => mmap.resize(Math.max(1, byteLength - 1))],
  ];
  const [errors, call] = calls[a % calls.length]!;
  world.call(`${name}: refused`, errors, call);
  for (const made of [first, second, second]) made[Symbol.dispose]();
};

export const unmap: TakeSlot = (world, slot, [, , a], name) => {
  const { mmap, model } = slot;
  const errors = model.isTransferred && !model.isClosed ? ["EBUSY"] : [];
  world.call(name, errors, () => a % 4 === 0 ? mmap[Symbol.dispose]() : mmap.unmap());
  if (errors.length > 0) {
    reclaim(world, slot);
    return;
  }
  model.isClosed = true;
  detach(slot, 0, model.own.length);
  for (const kept of slot.kept) checkKept(kept);
  // A handle that is closed stays for a while, to be called.
  if (a % 3 !== 0) return;
  const at = world.slots.indexOf(slot);
  world.slots[at] = undefined;
};

/** The guards of files' memory, by address, to be released with memory that is unmapped behind the library's back. */
const entries: Map<bigint, GuardEntry> = new Map();
const guard = host().os.guard?.();
if (guard !== undefined) {
  const add = guard.add.bind(guard);
  guard.add = (address, byteLength) => {
    const entry = add(address, byteLength);
    if (entry !== undefined) entries.set(address, entry);
    return entry;
  };
}

const { os } = host();
const { guardAt } = os;
if (guardAt !== undefined) {
  os.guardAt = (address: bigint) => {
    const entry = guardAt(address);
    const release = entry.release.bind(entry);
    entry.release = () => {
      for (const [start, other] of entries) if (other.address === address) entries.delete(start);
      release();
    };
    return entry;
  };
}

/** Unmaps behind the library's back what it leaves to the new owner of a buffer. */
function reclaim(world: World, slot: Slot): void {
  world.recall();
  const { mmap, model: { source, own, skip, capacity, guards: [below, above] } } = slot;
  const { os } = host();
  const start = mmap.address - BigInt(skip);
  const longest = Math.max(own.length, skip + capacity);
  const byteLength = below + Math.ceil(longest / PAGE) * PAGE + above;
  entries.get(start)?.release();
  entries.delete(start);
  const pieces = capacity > 0 || below > 0 ? os.files.pieces : undefined;
  const ofFile = pieces ?? os.files;
  const mapper = source === "memory" ? os : source === "mirror" ? os.mirrors : ofFile;
  const failure = mapper.unmap(start - BigInt(below), BigInt(byteLength));
  if (failure !== undefined) throw new Error(`reclaim: ${failure.code}`);
  world.slots[world.slots.indexOf(slot)] = undefined;
}
