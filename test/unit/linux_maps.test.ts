import { assertEquals, assertStrictEquals } from "@std/assert";
import { parseMaps } from "../../ffi/os/linux/maps.ts";
import type { RegionFacts } from "../../ffi/os/contract/regions.ts";
import { test } from "../support/harness.ts";

function parse(...lines: string[]): RegionFacts[] {
  return parseMaps(lines.map((line) => `${line}\n`).join(""), false);
}

/** One line, as the kernel pads it. */
function line(range: string, flags: string, inode: number, name: string): string {
  const start = `${range} ${flags} 00000000 08:01 ${inode} `;
  return name === "" ? start : start.padEnd(73) + name;
}

function named(name: string, inode = 7): Pick<RegionFacts, "path" | "isDeleted" | "name"> {
  const [{ path, isDeleted, name: label }] = parse(line("1000-2000", "r--p", inode, name)) as [
    RegionFacts,
  ];
  return { path, isDeleted, name: label };
}

test("parseMaps() reads addresses of any length, exactly", () => {
  const found = parse(
    line("00010000-00011000", "r--p", 0, ""),
    line("7fffffffe000-7ffffffff000", "rw-p", 0, "[stack]"),
    line("ffffffffff600000-ffffffffff601000", "--xp", 0, "[vsyscall]"),
  );
  assertEquals(found.map(({ address, byteLength }) => [address, byteLength]), [
    [0x10000n, 4096],
    [0x7fffffffe000n, 4096],
    [0xffffffffff600000n, 4096],
  ]);
});

test("parseMaps() names every access", () => {
  const accesses = (inode: number, kind: "p" | "s") =>
    ["---", "r--", "rw-", "r-x", "--x", "rwx", "-w-", "-wx"].map((flags) =>
      parse(line("1000-2000", flags + kind, inode, ""))[0]!.access
    );
  const shared = [
    "none",
    "read",
    "read-write",
    "read-execute",
    "execute",
    "read-write-execute",
    "read-write",
    "read-write-execute",
  ];
  assertEquals<unknown>(accesses(0, "p"), shared);
  assertEquals<unknown>(accesses(0, "s"), shared);
  assertEquals<unknown>(accesses(7, "s"), shared);
  assertEquals<unknown>(
    accesses(7, "p"),
    shared.map((access) => access.replace("read-write", "copy-on-write")),
  );
});

test("parseMaps() tells shared from private", () => {
  const isShared = (flags: string) => parse(line("1000-2000", flags, 7, "/f"))[0]!.isShared;
  assertEquals([isShared("rw-s"), isShared("rw-p")], [true, false]);
});

test("parseMaps() takes paths and names as they are", () => {
  const nothing = { path: undefined, isDeleted: false, name: undefined };
  const path = (path: string, isDeleted = false) => ({ ...nothing, path, isDeleted });
  const name = (name: string) => ({ ...nothing, name });
  assertEquals(
    [
      named("", 0),
      named("/lib/a b  c.so "),
      named("/a\\012b"),
      named("/a\\134b\\n"),
      named("/x\r1000-2000 rwxs 00000000 00:00 0 /y"),
      named("/x\u2028é\u{1f600}"),
      named("/tmp/f (deleted)"),
      named("/tmp/f (deleted) (deleted)"),
      named("/memfd:a name (deleted)"),
      named("/dev/zero (deleted)"),
      named("[heap]", 0),
      named("[anon: a label ]", 0),
      named("[anon:]", 0),
      named("[anon_shmem:a label] ", 9),
      named("[anon_shmem:a label]", 9),
      named("anon_inode:[io_uring]"),
    ],
    [
      nothing,
      path("/lib/a b  c.so "),
      path("/a\nb"),
      path("/a\\134b\\n"),
      path("/x\r1000-2000 rwxs 00000000 00:00 0 /y"),
      path("/x\u2028é\u{1f600}"),
      path("/tmp/f", true),
      path("/tmp/f (deleted)", true),
      path("/memfd:a name", true),
      path("/dev/zero", true),
      name("[heap]"),
      name(" a label "),
      name(""),
      name("[anon_shmem:a label] "),
      name("a label"),
      name("anon_inode:[io_uring]"),
    ],
  );
});

test("parseMaps() leaves out what is no line", () => {
  const good = line("1000-2000", "r--p", 0, "");
  assertEquals(parse("", "nonsense", "1000-2000", "1000-2000 r--", "-2000 r--p 0 0:0 0", good), [
    {
      address: 0x1000n,
      byteLength: 4096,
      access: "read",
      isShared: false,
      path: undefined,
      isDeleted: false,
      name: undefined,
      residentByteLength: undefined,
    },
  ]);
  assertEquals(parseMaps("", true), []);
  assertStrictEquals(parseMaps(`${good}\n2000-30`, false).length, 1); // cut
});

test("parseMaps() tells no address twice when what is mapped changed between two reads", () => {
  const found = parse(
    line("1000-3000", "r--p", 0, ""),
    line("2000-5000", "rw-p", 0, ""), // has grown downwards, or was merged
    line("4000-5000", "r--p", 0, ""), // told already
    line("1000-2000", "r--p", 0, ""), // mapped behind
    line("6000-6000", "r--p", 0, ""),
    line("6000-7000", "r--p", 0, ""),
  );
  assertEquals(found.map(({ address, byteLength, access }) => [address, byteLength, access]), [
    [0x1000n, 0x2000, "read"],
    [0x3000n, 0x2000, "read-write"],
    [0x6000n, 0x1000, "read"],
  ]);
});

test("parseMaps() takes what is in RAM from smaps", () => {
  const fields = (rss: string) => [
    "Size:                 16 kB",
    rss,
    "Pss:                   5 kB",
    "VmFlags: rd mr mw me sd ",
  ];
  const text = [
    line("1000-5000", "r--p", 0, ""),
    ...fields("Rss:                   8 kB"),
    line("4000-6000", "r--p", 0, "Rss: 4 kB"),
    ...fields("Rss:                   8 kB"), // more than is left of it
    line("5000-6000", "r--p", 0, ""), // told already
    ...fields("Rss:                   4 kB"),
    line("7000-8000", "r--p", 0, ""),
    ...fields("Rss: what"),
    line("8000-9000", "r--p", 0, ""),
  ].join("\n");
  assertEquals(parseMaps(text, true).map((region) => region.residentByteLength), [
    8192,
    4096,
    0,
    0,
  ]);
  assertEquals(
    parseMaps(text, false).map((region) => region.residentByteLength),
    Array(4).fill(undefined),
  );
});
