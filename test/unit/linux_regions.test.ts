import { assertEquals, assertStrictEquals } from "@std/assert";
import { linuxRegions } from "../../ffi/os/linux/regions.ts";
import { failure } from "../../ffi/os/contract/memory.ts";
import type { RegionFacts } from "../../ffi/os/contract/regions.ts";
import { test } from "../support/harness.ts";
import { OWN, PAGE, rows } from "../support/region_rows.ts";
import { simulatedLibrary, SimulatedRuntime } from "../support/simulated/mod.ts";

interface LinuxScript {
  readonly parts?: readonly string[];
  /** The error of `read` once the parts are read. */
  readonly error?: number;
}

function linux({ parts = [], error = 0 }: LinuxScript = {}) {
  const left = [...parts];
  const runtime = new SimulatedRuntime({
    open: () => 5,
    read(_file: number, target: Uint8Array) {
      const part = new TextEncoder().encode(left.shift() ?? "");
      target.set(part);
      return part.length === 0 && error !== 0 ? -1n : BigInt(part.length);
    },
    close: () => 0,
  });
  const failed = (syscall: string) => failure(syscall, error, { 3: "ESRCH" });
  return {
    runtime,
    regions: linuxRegions(simulatedLibrary(runtime, { openFlags: 0x80000, failed })),
  };
}

test("linuxRegions() joins what it reads in parts, which can end anywhere", () => {
  const text = "1000-2000 r--p 00000000 08:01 7    /é file\n3000-4000 rw-p 00000000 00:00 0 \n";
  for (const size of [1, 7, 41, 1000]) {
    const parts: string[] = [];
    for (let at = 0; at < text.length; at += size) parts.push(text.slice(at, at + size));
    const { regions, runtime } = linux({ parts });
    assertEquals(rows(regions.list(OWN)), [
      ["0x1000", PAGE, "read", false, "/é file", undefined],
      ["0x3000", PAGE, "read-write", false, undefined, undefined],
    ]);
    assertEquals(runtime.calls.at(-1)?.slice(0, 2), ["close", 5]);
  }
});

test("linuxRegions() reads more than it has room for at first", () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => {
    const [start, end] = [2 * index + 1, 2 * index + 2].map((page) => (page * PAGE).toString(16));
    return `${start}-${end} r--p 00000000 00:00 0 \n`;
  });
  const LINES = 40; // as many as the kernel gives at a time
  const parts = Array.from(
    { length: lines.length / LINES },
    (_, index) => lines.slice(index * LINES, (index + 1) * LINES).join(""),
  );
  const found = linux({ parts }).regions.list(OWN) as RegionFacts[];
  assertStrictEquals(found.length, lines.length);
  assertStrictEquals(found.at(-1)!.address, BigInt((2 * 19_999 + 1) * PAGE));
});

test("linuxRegions() reads and parses no more than the mappings of a range needs", () => {
  const lines = [
    "10000000-10002000 r--p 00000000 08:01 7    /before",
    "10002000-10004000 rw-p 00000000 08:01 7    /a\\012",
    "10004000-10005000 r--p 00000000 08:01 7    /ffffffff-ffffffff",
    "10006000-10007000 r--p 00000000 00:00 0",
    "10007000-10008000 r--p 00000000 00:00 0",
  ].map((line) => `${line}\n`);
  const within = { address: 0x1000_3000n, byteLength: 0x3000n };
  const expected = [
    ["0x10002000", 2 * PAGE, "copy-on-write", false, "/a\n", undefined],
    ["0x10004000", PAGE, "read", false, "/ffffffff-ffffffff", undefined],
  ];
  for (const size of [1, 7, 50, 130, 1000]) {
    const text = lines.join("");
    const parts: string[] = [];
    for (let at = 0; at < text.length; at += size) parts.push(text.slice(at, at + size));
    const { regions, runtime } = linux({ parts });
    assertEquals(rows(regions.list({ ...OWN, within })), expected, `in parts of ${size}`);
    assertEquals(runtime.calls.at(-1)?.slice(0, 2), ["close", 5]);
  }
  const parts = [lines.slice(0, 2).join(""), lines.slice(2, 4).join(""), lines[4]!];
  const { regions, runtime } = linux({ parts });
  regions.list({ ...OWN, within });
  assertStrictEquals(runtime.calls.filter(([name]) => name === "read").length, 2);
});

test("linuxRegions() reads the file of each process, and smaps for what is in RAM", () => {
  const pathOf = (pid: number | undefined, resident: boolean) => {
    const { regions, runtime } = linux();
    regions.list({ ...OWN, pid, resident });
    const [name, path, flags] = runtime.calls[0]!;
    assertEquals([name, flags], ["open", 0x80000]);
    return new TextDecoder().decode(path as Uint8Array);
  };
  assertEquals(
    [pathOf(undefined, false), pathOf(undefined, true), pathOf(12, false), pathOf(12, true)],
    ["/proc/self/maps\0", "/proc/self/smaps\0", "/proc/12/maps\0", "/proc/12/smaps\0"],
  );
});

test("linuxRegions() closes the file when it cannot be read to its end", () => {
  const parts = ["1000-2000 r--p 00000000 00:00 0 \n"];
  const { regions, runtime } = linux({ parts, error: 3 });
  assertEquals<unknown>(regions.list(OWN), { syscall: "read", osError: 3, code: "ESRCH" });
  assertEquals(runtime.calls.at(-1)?.slice(0, 2), ["close", 5]);
});

test("linuxRegions() says where /proc is missing, and not that a process is", () => {
  let isMounted = false;
  const runtime = new SimulatedRuntime({
    open: (path: Uint8Array) =>
      isMounted && new TextDecoder().decode(path).includes("self") ? 5 : -1,
    read: () => 0n,
    close: () => 0,
  });
  const { list } = linuxRegions(simulatedLibrary(runtime));
  const missing = { syscall: "open", osError: 2, code: "ENOENT" };
  for (const pid of [undefined, 12]) {
    const advice = "/proc, which lists the mappings, is not mounted: mount it";
    assertEquals<unknown>(list({ ...OWN, pid }), { ...missing, advice });
  }
  isMounted = true;
  assertEquals<unknown>(list({ ...OWN, pid: 12 }), missing);
});
