/**
 * The step of regions().
 *
 * @module
 */
import { type Region, regions } from "../../mod.ts";
import { platform } from "../support/harness.ts";
import { bad, type Errors, throws, withGetter, words } from "./arguments.ts";
import type { Take, World } from "./sequence.ts";
import { equal, Mismatch, type Model, PAGE, type Slot } from "./world.ts";

const isLinux = platform === "linux";

/** The errors of an option that must be a flag. */
function flagErrors(value: unknown): Errors {
  return value === undefined || typeof value === "boolean" ? [] : ["TypeError"];
}

function pidErrors(value: unknown): Errors {
  if (typeof value !== "number") return ["TypeError"];
  if (Math.abs(value) === Infinity) return ["RangeError"];
  if (!Number.isInteger(value)) return ["TypeError"];
  if (value < 1 || value > 2 ** 31 - 1) return ["RangeError"];
  return isLinux ? ["ESRCH", "EACCES"] : ["ENOTSUP"];
}

/** Lists with bad options. */
function listBadly(world: World, a: number, c: number): void {
  const value = bad(a);
  const isObject = typeof value === "object" && value !== null;
  const cases: readonly (readonly [options: unknown, errors: Errors])[] = [
    [value, isObject && Object.keys(value).length === 0 ? [] : ["TypeError"]], // none is known
    [{ resident: value }, flagErrors(value)],
    [{ pid: value }, pidErrors(value)],
    [{ pid: 2 ** 31 - 1 - a % 100 }, pidErrors(2 ** 31 - 1)],
    [{ pid: process.pid }, isLinux ? [] : ["ENOTSUP"]],
    [withGetter("resident", throws), ["Thrown"]],
    [withGetter("pid", throws), ["Thrown"]],
  ];
  const [options, errors] = cases[c % cases.length]!;
  world.call(`regions(${words(value)}), case ${c % cases.length}`, errors, () => {
    regions(options as Record<string, never>);
  });
}

/** The region that has an address. */
function regionAt(all: readonly Region[], at: bigint): Region | undefined {
  let [low, high] = [0, all.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { address, byteLength } = all[middle]!;
    if (at < address) high = middle - 1;
    else if (at >= address + BigInt(byteLength)) low = middle + 1;
    else return all[middle];
  }
  return undefined;
}

function checkSlot({ mmap, model }: Slot, all: readonly Region[]): void {
  const first = mmap.address - BigInt(model.skip);
  for (let page = 0; page < model.access.length; page++) {
    const region = regionAt(all, first + BigInt(page * PAGE));
    if (region === undefined) throw new Mismatch("outcome", `No region has page ${page}`);
    checkPage(model, page, region);
  }
}

function checkPage({ source, access: accesses }: Model, page: number, region: Region): void {
  const access = accesses[page]!;
  const { access: found, isShared } = region;
  // What was viewed and decommitted stays readable and writable to the system.
  const isHeld = access === "none" && found === "read-write" && source === "memory";
  if (!isHeld) equal(found, access, `The access of page ${page} in regions()`);
  // Code of a file that is mapped without copies is shared to Windows.
  if (source === "private" && !isLinux) return;
  const expected = source !== "memory" && source !== "private";
  equal(isShared, expected, `isShared of page ${page} in regions()`);
}

export const list: Take = (world, index, [, , a, , c]) => {
  if (c % 4 === 0) return listBadly(world, a, c >> 2);
  const resident = c % 16 === 1;
  const all = world.call(`regions({ resident: ${resident} })`, [], () => regions({ resident }));
  if (all === undefined) return;
  let end = 0n;
  for (const { address, byteLength, residentByteLength } of all) {
    equal(address >= end && byteLength > 0, true, "The order of regions()");
    end = address + BigInt(byteLength);
    const isCounted = residentByteLength !== undefined;
    equal(isCounted, resident, "Whether regions() tells what is in RAM");
    if (isCounted) equal(residentByteLength <= byteLength, true, "What is in RAM within");
  }
  const slot = world.slots[index];
  if (slot === undefined || slot.model.isClosed || slot.model.lost !== undefined) return;
  checkSlot(slot, all);
};
