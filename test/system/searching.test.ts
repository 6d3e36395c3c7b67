import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { truncateSync } from "node:fs";
import { allocationGranularity, type Mmap, MmapOptions, pageSize } from "../../mod.ts";
import { codeOf } from "../support/errors.ts";
import { platform, test, use } from "../support/harness.ts";
import { randomBelow } from "../support/random.ts";
import { TempFolder } from "../support/temp_files.ts";

const PAGE = pageSize();
const MIB = 2 ** 20;
/** Where a file's mapping starts: within a page. */
const OFFSET = allocationGranularity() + 5;

type Map = (bytes: Uint8Array) => Mmap;

/** The ways to load from a mapping: plain loads, and the kernel's copies. */
const KINDS: Readonly<Record<string, Map>> = {
  "anonymous memory": (bytes) => {
    const mmap = new MmapOptions({ len: bytes.length }).mapAnon();
    mmap.write(bytes);
    return mmap;
  },
  "a file": (bytes) => mapFile(bytes, new MmapOptions()),
  "a file without a guard": (bytes) => mapFile(bytes, new MmapOptions({ truncationGuard: false })),
};

function mapFile(bytes: Uint8Array, options: MmapOptions): Mmap {
  const all = new Uint8Array(OFFSET + bytes.length);
  all.set(bytes, OFFSET);
  return options.offset(OFFSET).map(use(new TempFolder()).file("file", all));
}

function mapText(text: string): Mmap {
  return use(KINDS["anonymous memory"]!(Buffer.from(text)));
}

/** All that an iterator of records yields, as text. */
function recordsOf(text: string, ranges: Iterable<{ byteOffset: number; byteLength: number }>) {
  return [...ranges].map(({ byteOffset, byteLength }) =>
    text.slice(byteOffset, byteOffset + byteLength)
  );
}

/** Compares all calls with the same ones of arrays. */
function check(mmap: Mmap, bytes: Buffer, pattern: Buffer, start: number, end: number): void {
  const range = bytes.subarray(start, end);
  const at = (found: number) => found === -1 ? -1 : start + found;
  const what = `${pattern.length} bytes between ${start} and ${end}`;
  assertStrictEquals(mmap.indexOf(pattern, start, end), at(range.indexOf(pattern)), what);
  // lastIndexOf() of a Buffer misses matches in Deno up to 2.7 at least.
  const last = range.toString("latin1").lastIndexOf(pattern.toString("latin1"));
  assertStrictEquals(mmap.lastIndexOf(pattern, start, end), at(last), what);
  const records: { byteOffset: number; byteLength: number }[] = [];
  let count = 0;
  let from = 0;
  for (let found; (found = range.indexOf(pattern, from)) !== -1; from = found + pattern.length) {
    count++;
    records.push({ byteOffset: start + from, byteLength: found - from });
  }
  if (from < range.length) {
    records.push({ byteOffset: start + from, byteLength: end - start - from });
  }
  assertStrictEquals(mmap.count(pattern, start, end), count, what);
  assertEquals([...mmap.split(pattern, start, end)], records, what);
}

for (const [kind, map] of Object.entries(KINDS)) {
  test(`indexOf(), lastIndexOf(), count() and split() of ${kind} find what arrays find`, () => {
    for (let seed = 0; seed < 12; seed++) {
      const below = randomBelow(seed);
      const letters = 1 + below(5);
      const length = 1 + below(seed % 4 === 0 ? 200_000 : 9000);
      const bytes = Buffer.from(Uint8Array.from({ length }, () => below(letters)));
      const mmap = use(map(bytes));
      for (let round = 0; round < 12; round++) {
        const patternLength = 1 + below(round === 0 ? 100 : 8);
        const start = below(length);
        const end = start + below(length - start + 1);
        const from = below(length);
        const copied = bytes.subarray(from, from + patternLength);
        const pattern = below(2) === 0
          ? copied
          : Buffer.from(Uint8Array.from({ length: patternLength }, () => below(letters)));
        if (letters === 1 && length > 9000) continue; // each byte is a match
        check(mmap, bytes, pattern, start, end);
      }
    }
  });

  test(`indexOf() and lastIndexOf() of ${kind} find matches across all borders of pieces`, () => {
    const bytes = Buffer.alloc(2 * MIB + 100_000, "frequent letters\n");
    const mmap = use(map(bytes));
    for (const pattern of ["frequent letterS", "rare xyz"].map((text) => Buffer.from(text))) {
      for (const border of [32_768, 65_536, 262_144, 524_288, MIB, MIB + 32_768, 2 * MIB]) {
        for (const shift of [1, pattern.length - 1]) {
          const place = border - shift;
          const changed = use(map(Buffer.concat([
            bytes.subarray(0, place),
            pattern,
            bytes.subarray(place + pattern.length),
          ])));
          assertStrictEquals(changed.indexOf(pattern), place);
          assertStrictEquals(changed.lastIndexOf(pattern), place);
          assertStrictEquals(changed.count(pattern), 1);
          changed.unmap();
        }
      }
      assertStrictEquals(mmap.indexOf(pattern), -1);
    }
  });

  test(`indexOf() and lastIndexOf() of ${kind} take patterns longer than a piece`, () => {
    const bytes = Buffer.alloc(2 * MIB, "ab");
    bytes[MIB + 5] = 99;
    const mmap = use(map(bytes));
    for (const length of [70_000, 300_000, 900_000]) {
      const pattern = bytes.subarray(MIB + 6 - length, MIB + 6);
      assertStrictEquals(mmap.indexOf(pattern), MIB + 6 - length);
      assertStrictEquals(mmap.lastIndexOf(pattern), MIB + 6 - length);
      assertStrictEquals(mmap.lastIndexOf(bytes.subarray(0, length)), 2 * MIB - length);
      assertStrictEquals(mmap.count(bytes.subarray(0, length), 0, MIB), Math.floor(MIB / length));
    }
    assertStrictEquals(mmap.indexOf(new Uint8Array(2 * MIB + 1)), -1);
  });
}

test("indexOf() takes typed arrays, strings as UTF-8, and bytes", () => {
  const mmap = mapText("a ä €\u{1f600}\0");
  assertStrictEquals(mmap.indexOf("ä"), 2);
  assertStrictEquals(mmap.indexOf("\u{1f600}"), 8);
  assertStrictEquals(mmap.indexOf(0xc3), 2);
  assertStrictEquals(mmap.indexOf(-0), 12);
  assertStrictEquals(mmap.indexOf(Uint16Array.of(0xa4c3)), 2);
  assertStrictEquals(mmap.indexOf(new DataView(Uint8Array.of(9, 0x20, 9).buffer, 1, 1)), 1);
  const shared = new Uint8Array(new SharedArrayBuffer(1)).fill(97);
  assertStrictEquals(mmap.indexOf(shared), 0);
  assertStrictEquals(mmap.indexOf(mmap.view(Uint8Array, 4, 2)), 4);
  assertStrictEquals(mmap.lastIndexOf(mmap.bytes), 0);
});

test("indexOf() and lastIndexOf() find an empty pattern where the range starts and ends", () => {
  const mmap = mapText("abc");
  for (
    const [range, first, last] of [[[], 0, 3], [[1], 1, 3], [[3], 3, 3], [[1n, 2n], 1, 2]] as const
  ) {
    const [byteOffset, byteEnd] = range as readonly number[];
    assertStrictEquals(mmap.indexOf("", byteOffset, byteEnd), first);
    assertStrictEquals(mmap.lastIndexOf(new Uint8Array(0), byteOffset, byteEnd), last);
  }
  assertThrows(() => mmap.count(""), RangeError, "The pattern must have at least one byte");
  assertThrows(() => mmap.split(""), RangeError, "The separator must have at least one byte");
});

test("a match lies wholly within byteOffset and byteEnd", () => {
  const mmap = mapText("abcabc");
  assertStrictEquals(mmap.indexOf("abc", 1), 3);
  assertStrictEquals(mmap.indexOf("abc", 0, 2), -1);
  assertStrictEquals(mmap.lastIndexOf("abc", 0, 5), 0);
  assertStrictEquals(mmap.lastIndexOf("abc", 1, 5), -1);
  assertStrictEquals(mmap.count("abc", 0, 6), 2);
  assertStrictEquals(mmap.count("abc", 1, 5), 0);
  assertStrictEquals(mmap.indexOf("a", 6), -1);
  assertStrictEquals(mmap.count("a", 6, 6), 0);
  assertEquals([...mmap.split("a", 6)], []);
});

test("split() yields no empty record after the last separator", () => {
  for (
    const [text, records] of [
      ["a\nb", ["a", "b"]],
      ["a\nb\n", ["a", "b"]],
      ["a\n\n", ["a", ""]],
      ["\n", [""]],
      ["\na", ["", "a"]],
      ["none", ["none"]],
    ] as const
  ) {
    assertEquals<readonly string[]>(recordsOf(text, mapText(text).split("\n")), records);
    const crlf = text.replaceAll("\n", "\r\n");
    assertEquals<readonly string[]>(recordsOf(crlf, mapText(crlf).split("\r\n")), records);
  }
});

test("split() is an iterator that ends early", () => {
  const mmap = mapText("a,b,c");
  const records = mmap.split(",");
  assert(records[Symbol.iterator]() === records);
  assertEquals(records.next(), { value: { byteOffset: 0, byteLength: 1 }, done: false });
  records.return!();
  assertEquals(records.next(), { value: undefined, done: true });
});

test("split() throws when the mapping was unmapped or shortened between two steps", () => {
  const text = "line\n".repeat(5000);
  for (const taken of [0, 1, 5]) {
    const mmap = mapText(text);
    const records = mmap.split("\n");
    for (let step = 0; step < taken; step++) records.next();
    mmap.unmap();
    assertStrictEquals(codeOf(() => records.next()), "EBADF");
    assertEquals(records.next(), { value: undefined, done: true });
  }
  const mmap = mapText(text);
  const [records, head] = [mmap.split("\n"), mmap.split("\n", 0, 15)];
  for (let step = 0; step < 2; step++) [records, head].forEach((iterator) => iterator.next());
  mmap.resize(4 * text.length);
  assertEquals(records.next().value, { byteOffset: 10, byteLength: 4 });
  mmap.resize(20);
  assertThrows(() => records.next(), RangeError, "was resized to 20 bytes");
  assertEquals(recordsOf(text, head), ["line"]);
});

test("searches need access to the whole range, and read what cannot be viewed", () => {
  const mmap = use(new MmapOptions({ len: 3 * PAGE }).mapAnon());
  mmap.write(Uint8Array.of(7), PAGE + 1);
  mmap.protect("none", 2 * PAGE);
  mmap.protect("read", 0, 2 * PAGE);
  assertStrictEquals(mmap.indexOf(7, 0, 2 * PAGE), PAGE + 1);
  assertStrictEquals(mmap.lastIndexOf(7, 0, 2 * PAGE), PAGE + 1);
  assertStrictEquals(mmap.count(7, 0, 2 * PAGE), 1);
  for (
    const call of [
      () => mmap.indexOf(7),
      () => mmap.lastIndexOf("7"),
      () => mmap.count(7, PAGE),
      () => mmap.split(7).next(),
    ]
  ) assertStrictEquals(codeOf(call), "EACCES");
  assertEquals(mmap.split(7, 0, 2 * PAGE).next().value, { byteOffset: 0, byteLength: PAGE + 1 });
  mmap.protect("none", 0, PAGE);
  assertStrictEquals(codeOf(() => mmap.lastIndexOf(7, 0, 2 * PAGE)), "EACCES"); // 7 can be read
});

for (const truncationGuard of [true, false]) {
  test(`searches throw EFAULT for a page that the file lost, guard: ${truncationGuard}`, () => {
    const folder = use(new TempFolder());
    const line = `${"x".repeat(63)}\n`;
    const path = folder.file("file", Buffer.alloc(8 * PAGE, line));
    const map = () => use(new MmapOptions({ truncationGuard }).map(path));
    const mappings = [1, 2, 3, 4].map(map);
    const records = mappings[3]!.split("\n");
    for (let step = 0; step < 3; step++) records.next();
    truncateSync(path, 4 * PAGE);
    const [first, second, third] = mappings as [Mmap, Mmap, Mmap];
    assertStrictEquals(codeOf(() => first.indexOf("y")), "EFAULT");
    assertStrictEquals(codeOf(() => second.lastIndexOf("y")), "EFAULT");
    assertStrictEquals(codeOf(() => third.count("\n")), "EFAULT");
    assertStrictEquals(codeOf(() => [...records]), "EFAULT");
    assertStrictEquals(first.count("\n", 0, 4 * PAGE), 4 * PAGE / 64);
  }, { skip: platform === "win32" ? "Windows truncates no mapped file" : undefined });
}

test("searches work in mirrored memory, across its halves", () => {
  const mmap = use(new MmapOptions({ len: allocationGranularity() }).mapMirrored());
  const half = mmap.byteLength / 2;
  mmap.write(Buffer.from("across"), half - 3);
  assertStrictEquals(mmap.indexOf("across"), half - 3);
  assertStrictEquals(mmap.count("oss"), 2);
});

test("count() and split() find matches in memory where most places begin like the pattern", () => {
  const bytes = Buffer.from(Uint8Array.from({ length: 40_000 }, (_, at) => at % 200 === 0 ? 1 : 0));
  const mmap = use(KINDS["anonymous memory"]!(bytes));
  check(mmap, bytes, Buffer.from([...new Uint8Array(63), 1]), 0, bytes.length);
});
