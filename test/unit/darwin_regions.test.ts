import { assertEquals, assertStrictEquals } from "@std/assert";
import { darwinRegions } from "../../ffi/os/darwin/regions.ts";
import { test } from "../support/harness.ts";
import { OWN, PAGE, rows } from "../support/region_rows.ts";
import { simulatedLibrary, SimulatedRuntime } from "../support/simulated/mod.ts";

interface DarwinEntry {
  readonly start: bigint;
  readonly pages: number;
  readonly protection: number;
  readonly inheritance?: number;
  readonly path?: string;
  readonly resident?: number;
}

/** A task that has these regions, one list for each look at it. */
function darwin(...looks: readonly (readonly DarwinEntry[])[]) {
  let look = 0;
  const find = (address: bigint) =>
    (looks[Math.min(look, looks.length - 1)]!).find(({ start, pages }) =>
      start + BigInt(pages * PAGE) > address
    );
  const runtime = new SimulatedRuntime({
    task_self_trap: () => 259,
    getpid: () => 77,
    mach_vm_region(
      _task: number,
      place: Uint8Array,
      size: Uint8Array,
      flavor: number,
      info: Uint8Array,
      count: Uint8Array,
    ) {
      const at = new DataView(place.buffer);
      const entry = find(at.getBigUint64(0, true));
      look++;
      if (entry === undefined) return 1;
      assertStrictEquals(new DataView(count.buffer).getUint32(0, true), 9);
      at.setBigUint64(0, entry.start, true);
      new DataView(size.buffer).setBigUint64(0, BigInt(entry.pages * PAGE), true);
      const fields = new DataView(info.buffer);
      fields.setInt32(0, entry.protection, true);
      if (flavor === 9) fields.setUint32(8, entry.inheritance ?? 1, true);
      else fields.setUint32(8, entry.resident ?? 0, true);
      return 0;
    },
    proc_regionfilename(pid: number, address: bigint, path: Uint8Array) {
      assertStrictEquals(pid, 77);
      return new TextEncoder().encodeInto(find(address)?.path ?? "", path).written;
    },
  });
  return darwinRegions(simulatedLibrary(runtime, { pageSize: PAGE }));
}

test("darwinRegions() tells access, sharing and paths", () => {
  const regions = darwin([
    { start: 0x1000n, pages: 1, protection: 0 },
    { start: 0x4000n, pages: 2, protection: 1, path: "/a file" },
    { start: 0x6000n, pages: 1, protection: 3, path: "/é" },
    { start: 0x7000n, pages: 1, protection: 3, inheritance: 0, path: "/a file" },
    { start: 0x8000n, pages: 1, protection: 7 },
    { start: 0x7fff_0000_0000n, pages: 1, protection: 5, resident: 9 },
  ]);
  const expected = [
    ["0x1000", PAGE, "none", false, undefined, undefined],
    ["0x4000", 2 * PAGE, "read", false, "/a file", undefined],
    ["0x6000", PAGE, "copy-on-write", false, "/é", undefined],
    ["0x7000", PAGE, "read-write", true, "/a file", undefined],
    ["0x8000", PAGE, "read-write-execute", false, undefined, undefined],
    ["0x7fff00000000", PAGE, "read-execute", false, undefined, undefined],
  ];
  assertEquals(rows(regions.list(OWN)), expected);
  assertEquals(
    rows(regions.list({ ...OWN, resident: true })),
    expected.map((row, index) => [...row.slice(0, 5), index === 5 ? PAGE : 0]),
  );
});

test("darwinRegions() asks for the mappings of a range alone", () => {
  const regions = darwin([
    { start: 0x1000n, pages: 1, protection: 1 },
    { start: 0x4000n, pages: 4, protection: 3 },
    { start: 0x9000n, pages: 1, protection: 1 },
    { start: 0xa000n, pages: 1, protection: 1 },
  ]);
  const within = { address: 0x6000n, byteLength: 0x4000n };
  assertEquals(rows(regions.list({ ...OWN, within })), [
    ["0x6000", 2 * PAGE, "read-write", false, undefined, undefined],
    ["0x9000", PAGE, "read", false, undefined, undefined],
  ]);
});

test("darwinRegions() tells no address twice, and ends, when what is mapped changes", () => {
  const before: DarwinEntry = { start: 0x4000n, pages: 2, protection: 1 };
  const grown: DarwinEntry = { start: 0x4000n, pages: 4, protection: 3 };
  const after: DarwinEntry = { start: 0x9000n, pages: 1, protection: 1, resident: 1 };
  assertEquals(rows(darwin([before], [grown], []).list(OWN)), [
    ["0x4000", 2 * PAGE, "read", false, undefined, undefined],
    ["0x6000", 2 * PAGE, "read-write", false, undefined, undefined],
  ]);
  // Unmapped before it is asked what is in RAM: it tells of the next one.
  assertEquals(rows(darwin([before], [after], []).list({ ...OWN, resident: true })), [
    ["0x4000", 2 * PAGE, "read", false, undefined, 0],
  ]);
});
