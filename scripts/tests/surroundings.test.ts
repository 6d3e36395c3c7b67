import { assert, assertEquals, assertThrows } from "@std/assert";
import { filterProgram, REFUSABLE } from "../../test/probe/seccomp.ts";
import { SURROUNDINGS } from "../matrices/surroundings/declared.ts";
import { isEndedByEngine, judge } from "../matrices/surroundings/judge.ts";

const NOTHING = { mappedByteLength: 0, descriptors: 0, files: 0 };

/** The end of a program that prints these lines. */
function outcome(lines: readonly string[], after: object | null = NOTHING, code: number = 0) {
  const end = after && `end: ${JSON.stringify({ before: NOTHING, after })}`;
  const output = [...lines, ...(end === null ? [] : [end])].join("\n");
  return { code, timedOut: false, output, errors: "an error" };
}

Deno.test("judge() counts what worked and what was refused, and finds no fault with that", () => {
  const verdict = judge(outcome([
    "lock(): ok",
    "map(): MmapError EPERM open The file: it cannot be read",
    "wrong len(): RangeError - - The length",
    "resize(): Unprepared - - Error: EFBIG",
    "again, wrong len(): TypeError - - The length",
  ]));
  assertEquals(verdict, { worked: 1, refused: 3, faults: [], hasEnded: true });
});

Deno.test("judge() finds fault with other errors, unknown codes, ends, hangs and leaks", () => {
  const faultsOf = (...args: Parameters<typeof judge>) => judge(...args).faults;
  for (
    const line of [
      "lock(): TypeError - - x is undefined",
      "lock(): Error EPERM open denied",
      "lock(): MmapError UNKNOWN mlock failed",
      "wrong lock(): Error - - It takes too long",
      "afterwards, lock(): MmapError - - no code",
    ]
  ) assertEquals(faultsOf(outcome([line])), [line]);
  assertEquals(faultsOf(outcome(["lock(): ok", "map(): "], null, 139)), [
    "ends with 139 in map(): an error",
  ]);
  assertEquals(faultsOf(outcome(["lock(): ok"], null)), [
    "ends with 0 after lock(): an error",
  ]);
  assertEquals(faultsOf(outcome([], NOTHING, 134)).length, 1);
  assertEquals(faultsOf(outcome([], NOTHING, 134), [], 134), []);
  assertEquals(faultsOf({ ...outcome(["map(): "], null), timedOut: true }), [
    "hangs in map()",
  ]);
  const leak = outcome([], { ...NOTHING, descriptors: 2 });
  assertEquals([faultsOf(leak), faultsOf(leak, ["descriptors"])], [["leaks 2 (descriptors)"], []]);
});

Deno.test("isEndedByEngine() knows what V8 says, and takes no other end for that", () => {
  const errors = "#\n# Fatal error in , line 0\n# Check failed: 0 == ret.\n";
  assert(isEndedByEngine({ ...outcome([], null, 133), errors }));
  assert(!isEndedByEngine({ ...outcome([]), errors }));
  assert(!isEndedByEngine(outcome([], null, 139)));
});

Deno.test("filterProgram() answers the calls that are named, those with an argument only then", () => {
  const answerOf = (text: string, number: number, args: readonly number[] = []) =>
    interpret(filterProgram(text, "x64"), [number, 0, 0, 0, ...args.flatMap((arg) => [arg, 0])]);
  const [allow, refuse] = [0x7fff_0000, 0x0005_0001];
  const twice = "EPERM:mremap,mmap with MAP_SHARED";
  assertEquals(answerOf(twice, 25), refuse);
  assertEquals(answerOf(twice, 26), allow);
  assertEquals(answerOf(twice, 9, [0, 0, 0, 0x21]), refuse);
  assertEquals(answerOf(twice, 9, [0, 0, 0, 0x22]), allow);
  assertEquals(answerOf("ENOSYS:link", 86), 0x0005_0026);
  assertThrows(() => filterProgram("EPERM:nothing", "x64"), Error, "No call nothing");
});

Deno.test("each surrounding has a name of its own, and CI runs those of its list", () => {
  const names = SURROUNDINGS.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  const short = SURROUNDINGS.filter(({ isShort }) => isShort);
  assert(short.length > 25 && short.length < 40, `${short.length} are short`);
  assert(Object.keys(REFUSABLE).every((call) => names.includes(`${call} answered by EPERM`)));
});

/** Runs a program of seccomp on `struct seccomp_data`, in words of 32 bits. */
function interpret(program: Uint8Array, data: readonly number[]): number {
  const view = new DataView(program.buffer);
  let value = 0;
  for (let at = 0;; at++) {
    const [code, k] = [view.getUint16(8 * at, true), view.getUint32(8 * at + 4, true)];
    if (code === 0x20) value = data[k / 4]!;
    else if (code === 0x54) value = (value & k) >>> 0;
    else if (code === 0x15) at += view.getUint8(8 * at + (value === k ? 2 : 3));
    else return k;
  }
}
