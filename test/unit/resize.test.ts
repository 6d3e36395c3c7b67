import { assertEquals, assertThrows } from "@std/assert";
import { MmapError } from "../../core/checks/errors.ts";
import { type Allocation, plainAllocation } from "../../core/lifetime/allocation.ts";
import { resizeAllocation } from "../../core/placing/resize.ts";
import type { Access } from "../../mod.ts";
import { test } from "../support/harness.ts";
import {
  forget,
  type Outcomes,
  request,
  simulated,
  type SimulatedSystem,
} from "../support/simulated/mod.ts";

const SYSTEMS = [
  { name: "linux", maps: ["mmap", "mremap"], unmaps: "munmap", refusal: 1 },
  { name: "darwin", maps: ["mmap"], unmaps: "munmap", refusal: 1 },
  { name: "windows", maps: ["VirtualAlloc"], unmaps: "VirtualFree", refusal: 1314 },
] as const;
const [LINUX, DARWIN] = SYSTEMS;

const PLACES = [0x7f00_0000_0000n, 0x7f10_0000_0000n, 0x7f20_0000_0000n] as const;

interface Case extends SimulatedSystem {
  readonly allocation: Allocation;
  resize(byteLength: number): void;
}

/** A mapping of 2 pages, that something may lie behind. */
function mapping(
  { name }: (typeof SYSTEMS)[number],
  outcomes: Outcomes,
  isBlocked: boolean,
  access: Access & ("none" | "read-write"),
): Case {
  const system = simulated(name, { places: PLACES, outcomes });
  const address = system.os.map(request({ byteLength: 8192n, protection: access })) as bigint;
  if (isBlocked) system.kernel.space.map(address + 8192n, 4096n, "another's 9");
  forget(system);
  const allocation = plainAllocation(address, 8192n);
  const info = {
    access,
    source: "memory",
    guardByteLength: 0,
    isGuarded: false,
    noReserve: false,
    isReserved: false,
    pageOffset: 0,
    byteLength: 8192,
  } as const;
  return {
    ...system,
    allocation,
    resize: (byteLength) =>
      resizeAllocation({ host: system, allocation, info, pages: undefined, byteLength }),
  };
}

for (const system of SYSTEMS) {
  const { name } = system;
  // What is copied, or unmapped as a whole, goes through the system that runs this: Linux'
  // way, and growth in place, are all that can be tried in the simulation.
  test(`resize() makes a mapping longer in place when nothing is behind it, on ${name}`, () => {
    const { allocation, kernel: { space }, resize } = mapping(system, {}, false, "read-write");
    resize(16_384);
    assertEquals([allocation.address, allocation.byteLength], [PLACES[0], 16_384n]);
    assertEquals(space.pageCount, 4);
  }, { skip: name === "windows" ? "it has no such way" : undefined });

  test(`resize() makes a mapping shorter, on ${name}`, () => {
    const { allocation, kernel, resize, runtime } = mapping(system, {}, true, "read-write");
    resize(5);
    const tail = PLACES[0] + 4096n;
    const [expected, left] = name === "windows"
      ? [["VirtualFree", tail, 4096n, 0x4000], 8192n]
      : [["munmap", tail, 4096n], 5n];
    assertEquals(runtime.calls, [expected] as never);
    assertEquals(allocation.byteLength, left);
    assertEquals(kernel.space.at(tail + 4096n)?.state, "another's 9");
  });

  test(`resize() leaves all as it was when the tail cannot be unmapped, on ${name}`, () => {
    const outcomes = { [system.unmaps]: [system.refusal] };
    const { allocation, kernel, resize } = mapping(system, outcomes, false, "read-write");
    const error = assertThrows(() => resize(4096), MmapError);
    assertEquals([error.code, allocation.byteLength, kernel.space.pageCount], ["EPERM", 8192n, 2]);
  });
}

test("resize() moves by mremap when something is behind, on linux", () => {
  const { allocation, resize, runtime } = mapping(LINUX, {}, true, "read-write");
  resize(12_289);
  const MAYMOVE = 1;
  assertEquals(runtime.calls.map(([name]) => name), ["mremap", "mmap", "munmap", "mremap"]);
  assertEquals(runtime.calls.at(-1), ["mremap", PLACES[0], 8192n, 16_384n, MAYMOVE, 0n]);
  assertEquals([allocation.address, allocation.byteLength], [PLACES[2], 12_289n]);
});

test("resize() leaves nothing new when mapping is refused in every way, on each system", () => {
  for (const system of SYSTEMS) {
    const { maps, unmaps, refusal } = system;
    const mapped = maps[0]; // the first call of it makes the mapping
    const outcomes = {
      mremap: refusal,
      [mapped]: [0, refusal, refusal, refusal],
      [unmaps]: [0, refusal, refusal, refusal],
    };
    const { allocation, kernel, resize } = mapping(system, outcomes, true, "read-write");
    const error = assertThrows(() => resize(16_384), MmapError);
    assertEquals([error.code, allocation.address], ["EPERM", PLACES[0]]);
    assertEquals([allocation.byteLength, kernel.space.pageCount], [8192n, 3]);
  }
});

test("resize() makes the file as long as it was when it cannot be mapped anew, on posix", () => {
  for (const system of [LINUX, DARWIN]) {
    const host = mapping(system, { mmap: [0, 1] }, true, "read-write");
    const { allocation, kernel, runtime } = host;
    kernel.fileByteLength = 0;
    const backing = {
      file: 3,
      name: undefined,
      offset: 4096,
      guard: undefined,
      isAllocated: false,
    };
    const info = {
      access: "read-write",
      source: "shared file",
      guardByteLength: 0,
      pageOffset: 5,
      isGuarded: false,
      noReserve: false,
      isReserved: false,
      byteLength: 8000,
    } as const;
    const resizing = { host, info, pages: undefined, byteLength: 10_000 };
    assertThrows(
      () => resizeAllocation({ ...resizing, allocation: { ...allocation, backing } }),
      MmapError,
    );
    const calls = runtime.calls.filter(([name]) => name === "ftruncate");
    assertEquals(calls, [["ftruncate", 3, 14_101n], ["ftruncate", 3, 0n]]);
    assertEquals(kernel.space.pageCount, 3);
  }
});

test("linux() moves by mremap with the flags of each way", () => {
  const { os, runtime } = mapping(LINUX, { mremap: [0, 0, 0, 14] }, true, "none");
  const remap = os.remap!;
  const [from, moved, left] = PLACES;
  assertEquals(remap.extend(from, 8192n, 12_288n)?.code, "ENOMEM");
  assertEquals(remap.grow(from, 8192n, 12_288n), moved);
  assertEquals(remap.leave(moved, 8192n), left);
  const failure = { syscall: "mremap", osError: 14, code: "EFAULT" };
  assertEquals(remap.moveOver(moved, 8192n, left), failure);
  assertEquals(remap.moveOver(moved, 8192n, left), undefined);
  assertEquals(runtime.calls.filter(([name]) => name === "mremap"), [
    ["mremap", from, 8192n, 12_288n, 0, 0n],
    ["mremap", from, 8192n, 12_288n, 1, 0n],
    ["mremap", moved, 8192n, 8192n, 5, 0n],
    ["mremap", moved, 8192n, 8192n, 3, left],
    ["mremap", moved, 8192n, 8192n, 3, left],
  ]);
});
