import { assertEquals } from "@std/assert";
import { heldRanges } from "../../core/lifetime/held_totals.ts";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { host } from "../../ffi/host.ts";
import { committableBytes, linuxRoom } from "../../ffi/os/linux/room.ts";
import { MmapOptions, pageSize } from "../../mod.ts";
import { test, unlessLinux } from "../support/harness.ts";
import { Reading, simulatedLibrary, SimulatedRuntime, textOf } from "../support/simulated/mod.ts";

const MODE = "/proc/sys/vm/overcommit_memory";
const MEMINFO = "MemTotal: 9 kB\nCommitLimit:   1000 kB\nCommitted_AS:   300 kB\n";
void host().os.room; // before the tests: Deno counts a library that a test opens as a leak

/** A system whose files have these texts. */
function system(contentOf: (path: string) => string): SimulatedRuntime {
  let reading: Reading;
  return new SimulatedRuntime({
    open(path: Uint8Array) {
      reading = new Reading(contentOf(textOf(path)));
      return 7;
    },
    read: (_file: number, target: Uint8Array) => reading.read(target),
    close: () => 0,
    getrlimit: () => -1,
  });
}

test("what can be committed is limited only where overcommit is 2", () => {
  const found = [["0", MEMINFO], ["1", MEMINFO], ["2", MEMINFO], ["2", ""], ["", MEMINFO], [
    "2",
    "CommitLimit: 100 kB\nCommitted_AS: 300 kB\n",
  ]].map(([mode, meminfo]) => {
    const runtime = system((path) => path === MODE ? `${mode}\n` : meminfo!);
    return committableBytes(simulatedLibrary(runtime));
  });
  assertEquals(found, [Infinity, Infinity, 700 * 1024, Infinity, Infinity, 0]);
});

test("what can be committed is read once for many that ask", () => {
  let mode = "2\n";
  const runtime = system((path) => path === MODE ? mode : MEMINFO);
  const room = linuxRoom(simulatedLibrary(runtime));
  const found = Array.from({ length: 64 + 512 + 1 }, () => {
    const ceiling = room.ceiling();
    mode = "0\n";
    return ceiling;
  });
  assertEquals(new Set(found.slice(0, 64)), new Set([700 * 1024]));
  assertEquals(new Set(found.slice(64)), new Set([Infinity])); // where nothing is limited, for longer
  assertEquals(runtime.calls.filter(([name]) => name === "open").length, 2 + 1 + 1);
});

test("held ranges take an eighth of what can be committed", () => {
  const { room } = host().os;
  const before = room!.ceiling;
  const page = pageSize();
  const committable = 8 * 64 * page;
  try {
    Object.assign(room!, { ceiling: () => committable });
    releaseHeldRanges();
    for (let count = 0; count < 100; count++) {
      const mmap = new MmapOptions({ len: 4 * page }).mapAnon();
      mmap.bytes[0] = 1;
      mmap.unmap();
      const { byteLength } = heldRanges();
      assertEquals(byteLength > 0 && byteLength <= 64 * page, true);
    }
    const long = new MmapOptions({ len: 65 * page }).mapAnon();
    long.bytes[0] = 1;
    long.unmap();
    assertEquals(heldRanges().byteLength <= 64 * page, true);
  } finally {
    Object.assign(room!, { ceiling: before });
    releaseHeldRanges();
  }
}, { skip: unlessLinux("only Linux limits it") });
