import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { pageSize } from "../../mod.ts";
import { childValue } from "../support/child_processes.ts";
import { test, unlessLinux, use } from "../support/harness.ts";
import { withoutSmaps } from "../support/memory_map.ts";
import { rounds } from "../support/rounds.ts";
import { SharedName } from "../support/shared_names.ts";

interface Refusal {
  name: string;
  code: string;
  syscall: string;
  osError: number;
  message: string;
}

const ENOMEM = 12;
const PAGE = pageSize();

/** Resources that can run out; the last takes long, as each of its pieces is one more to look through. */
const WAYS = ["addresses", "limited addresses", "mappings", "mappings of threads", "pieces"];

test("mapAnon() throws ENOMEM at the limit of the address space, and goes on", async () => {
  const { errors, again } = await childValue<{ errors: Refusal[]; again: number }>(
    "address_space_limit.ts",
  );
  assertEquals(errors.length, 4);
  for (const { name, code, syscall, osError, message } of errors) {
    assertEquals([name, code, syscall, osError], ["MmapError", "ENOMEM", "mmap", ENOMEM]);
    assertStringIncludes(message, "The system refused to map 1073741824 bytes");
    assertStringIncludes(message, "unmap what is no longer used");
  }
  assertEquals(again, 7);
}, { skip: unlessLinux("only Linux lets a process limit its own addresses") ?? withoutSmaps() });

test("mapAnon() and unmap() throw ENOMEM at the limit of mappings, and go on", async () => {
  const { mapping, unmapping, stillThere, afterwards } = await childValue<{
    mapping: Refusal;
    unmapping: Refusal;
    stillThere: unknown[];
    afterwards: unknown[];
  }>("mapping_limit.ts", { atMappingLimit: true });
  assertEquals([mapping.name, mapping.code, mapping.syscall], ["MmapError", "ENOMEM", "mmap"]);
  assertEquals(
    [unmapping.name, unmapping.code, unmapping.syscall, unmapping.osError],
    ["MmapError", "ENOMEM", "munmap", ENOMEM],
  );
  // The memory, refused, is still there, and can be viewed and unmapped.
  assertEquals(stillThere, [false, stillThere[1], 0]);
  assertEquals(afterwards, [true, 0, 9]);
}, { skip: unlessLinux("only Linux limits the number of mappings") ?? withoutSmaps() });

for (const way of WAYS.slice(0, rounds("filledWays"))) {
  test(`ENOMEM leaves the runtime what it needs to go on, when it is for ${way}`, async () => {
    const again = rounds("filledAgain");
    const { errors } = await childValue<{ errors: Refusal[] }>("filled.ts", {
      args: [way, String(again)],
    });
    assertEquals(errors.length >= again, true);
    for (const { name, code, message } of errors) {
      assertEquals([name, code], ["MmapError", "ENOMEM"]);
      assertStringIncludes(message, "the runtime");
    }
  }, { skip: unlessLinux("only Linux tells how much can be mapped still") ?? withoutSmaps() });
}

test(
  "no memory is mapped where the main thread's stack grows, which ends in a RangeError",
  async () => {
    const found = await childValue("stack_growth.ts");
    assertEquals(found, { mapped: [false, false, false, false], name: "RangeError" });
  },
  { skip: unlessLinux("elsewhere the stack has its addresses from the start") ?? withoutSmaps() },
);

test("held ranges take an eighth of the private memory that the process may have", async () => {
  const { held, limit, taken } = await childValue<Record<"held" | "limit" | "taken", number>>(
    "held_limited.ts",
  );
  assert(held > 0 && held <= limit / 8, `${held} bytes are held of ${limit}`);
  assertEquals(taken, 16);
}, { skip: unlessLinux("only Linux lets a process limit its own memory") ?? withoutSmaps() });

test("held ranges are released when addresses run short", async () => {
  assertEquals(await childValue("held_shortage.ts"), { byteLength: 1200 * 2 ** 20, first: 0 });
}, { skip: unlessLinux("only Linux lets a process limit its own addresses") ?? withoutSmaps() });

test("nothing makes a file longer than the process may, and nothing is left", async () => {
  const { refusals, left, bytes } = await childValue<{
    refusals: Refusal[];
    left: unknown;
    bytes: number[];
  }>("file_limit.ts", { args: [use(new SharedName()).name] });
  assertEquals(refusals.length, 5);
  for (const { name, code, syscall, osError, message } of refusals) {
    assertEquals([name, code, syscall, osError], ["MmapError", "EFBIG", undefined, undefined]);
    assertStringIncludes(message, `at most ${2 ** 30} bytes (RLIMIT_FSIZE)`);
    assertStringIncludes(message, "ulimit -f");
  }
  // No descriptor, no mapping, no name; the file has its length, and its mapping works.
  assertEquals(left, { descriptors: 0, regions: 0, names: [], fileByteLength: 4096 });
  assertEquals(bytes, [1, 2, 3]);
}, { skip: unlessLinux("the limit is set by Linux's calls") ?? withoutSmaps() });

test("lock() throws at the limit of locked memory, and locks nothing", async () => {
  const { error, locked, within } = await childValue<{
    error: { name: string; code: string; syscall: string; message: string };
    locked: number;
    within: number;
  }>("lock_limit.ts", { args: [String(8 * PAGE)] });
  assertEquals([error.name, error.syscall], ["MmapError", "mlock"]);
  assert(["ENOMEM", "EAGAIN", "EPERM"].includes(error.code), error.code);
  assertStringIncludes(error.message, "ulimit -l");
  assertEquals([locked, within], [0, 4 * PAGE]);
}, { skip: unlessLinux("the limit is set by Linux's calls") ?? withoutSmaps() });
