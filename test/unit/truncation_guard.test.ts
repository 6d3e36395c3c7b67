import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { pick } from "../../ffi/library.ts";
import { linux } from "../../ffi/os/linux/os.ts";
import { guardEntryAt } from "../../ffi/os/linux/guard_table.ts";
import { canGuard, truncationGuard } from "../../ffi/os/linux/truncation_guard.ts";
import { CODE } from "../../ffi/os/linux/truncation_guard_code.ts";
import type { Functions } from "../../ffi/symbols.ts";
import { test } from "../support/harness.ts";
import {
  type Call,
  simulated,
  simulatedLibrary,
  SimulatedRuntime,
} from "../support/simulated/mod.ts";

const MAP_FAILED = 2n ** 64n - 1n;
const BLOCK_BYTES = 65_536;
/** How many entries a block has. */
const ENTRIES = 1587;
const [TABLE, PAGE, OTHER] = [0x7f00_0000_0000n, 0x7f00_1000_0000n, 0x7f00_2000_0000n];

interface Script {
  /** The addresses that `mmap` returns, in order. */
  readonly map?: readonly bigint[];
  readonly mprotect?: number;
  /** What it returns for pages with which nothing may be done. */
  readonly reserve?: number;
  /** What each call of `sigaction` returns, in order. */
  readonly sigaction?: readonly number[];
  /** The handler that is there before. */
  readonly handler?: bigint;
  /** What stands before and at that handler. */
  readonly code?: Uint8Array;
  /** What `pipe2` returns. */
  readonly pipe?: number;
}

/** What makes a reserve of 16 pairs of pages. */
const RESERVE_CALLS = ["mmap", ...Array.from({ length: 16 }, () => "mprotect")];

/** A simulated C library, and what is mapped of it. */
function simulatedGuard(script: Script) {
  const { map = [TABLE, PAGE, PAGE], mprotect = 0, sigaction = [], code, pipe = 0 } = script;
  const { reserve = 0 } = script;
  let { handler = 0n } = script;
  const [addresses, outcomes] = [[...map], [...sigaction]];
  const mapped = new Set<bigint>();
  const memory = new Map([TABLE, OTHER].map((address) => [address, new ArrayBuffer(BLOCK_BYTES)]));
  const copied: Uint8Array[] = [];
  const actions: Uint8Array[] = [];
  const runtime = new SimulatedRuntime({
    mmap() {
      const address = addresses.shift() ?? MAP_FAILED;
      if (address !== MAP_FAILED) mapped.add(address);
      return address;
    },
    munmap: (address: bigint) => mapped.delete(address) ? 0 : -1,
    mprotect: (_address: bigint, _length: bigint, access: number) =>
      access === 0 ? reserve : mprotect,
    madvise: () => -1,
    memcpy(target: bigint, source: Uint8Array) {
      copied.push(source.slice());
      return target;
    },
    sigaction(_signal: number, _action: bigint, old: Uint8Array) {
      actions.push(old.slice());
      old.fill(0);
      new DataView(old.buffer, old.byteOffset).setBigUint64(0, handler, true);
      return outcomes.shift() ?? 0;
    },
    sigprocmask(how: number, signals: Uint8Array) {
      assertEquals([how, signals.length, signals[0]], [1, 128, 1 << 6]); // SIG_UNBLOCK SIGBUS
      return 0;
    },
    pipe2(ends: Uint8Array, flags: number) {
      assertEquals(flags, 0x80800); // O_CLOEXEC | O_NONBLOCK
      new Int32Array(ends.buffer).set([5, 6]);
      return pipe;
    },
    write: (_end: number, _source: bigint, length: bigint) => code === undefined ? -1n : length,
    read(_end: number, target: Uint8Array, length: bigint) {
      target.set(code!);
      return code!.length < target.length ? BigInt(code!.length) : length;
    },
    close: () => 0,
  }, memory);
  const guarded = (pageSize = 4096, arch = "x64") =>
    truncationGuard(simulatedLibrary(runtime, { pageSize, arch }));
  const names = () => runtime.calls.map(([name]: Call) => name);
  const replace = (by: bigint) => {
    handler = by;
  };
  return { runtime, guarded, mapped, memory, copied, actions, names, replace };
}

/** The code of an architecture as it stands in memory, with a table and a page size. */
function installedCode(arch: string, table: bigint, pageSize: number): Uint8Array {
  const code = Uint8Array.from(CODE[arch]!.match(/../g)!, (digits) => Number(`0x${digits}`));
  const fields = new DataView(code.buffer);
  fields.setBigUint64(16, table, true);
  fields.setBigUint64(24, BigInt(pageSize), true);
  return code;
}

for (const arch of ["x64", "arm64"]) {
  for (const pageSize of [4096, 16_384, 65_536]) {
    test(`truncationGuard() writes the code of ${arch} with the table and ${pageSize} as page size, then makes it executable`, () => {
      const { runtime, guarded, copied, names, mapped } = simulatedGuard({});
      assert(guarded(pageSize, arch) !== undefined);
      assertEquals(copied, [installedCode(arch, TABLE, pageSize)]);
      assertEquals(names(), [
        "sigaction",
        "mmap",
        "sigprocmask",
        "mmap",
        "mmap",
        "memcpy",
        "mprotect",
        "sigaction",
        "mmap", // a reserve, which is refused
      ]);
      assertEquals(runtime.calls[3], ["mmap", 0n, BigInt(pageSize), 3, 0x22, -1, 0n]);
      assertEquals(runtime.calls[4], ["mmap", PAGE, BigInt(pageSize), 3, 0x32, -1, 0n]);
      assertEquals(runtime.calls[6], ["mprotect", PAGE, BigInt(pageSize), 5]);
      assertEquals([...mapped], [TABLE, PAGE]);
    });
  }
}

test("canGuard() tries the page of the handler, and installs nothing", () => {
  for (const [script, expected] of [[{}, true], [{ mprotect: -1 }, false]] as const) {
    const { runtime, names, mapped } = simulatedGuard({ map: [PAGE, PAGE], ...script });
    assertEquals(canGuard(simulatedLibrary(runtime)), expected);
    assertEquals(names(), ["mmap", "mmap", "memcpy", "mprotect", "munmap"]);
    assertEquals([...mapped], []);
  }
  assertEquals(canGuard(simulatedLibrary(simulatedGuard({}).runtime, { arch: "ia32" })), false);
});

test("truncationGuard() has the C library store what was replaced, which is known to nobody before", () => {
  const { guarded, memory, actions } = simulatedGuard({});
  guarded();
  const words = new BigUint64Array(memory.get(TABLE)!);
  const REPLACED = 216;
  assertEquals(words[1], TABLE + BigInt(REPLACED));
  assertEquals([...new BigUint64Array(actions[1]!.buffer, 0, 2)], [2n ** 64n - 1n, 2n ** 64n - 1n]);
  assertEquals(new DataView(actions[1]!.buffer).getInt32(136, true), -1);
  assertEquals(words[REPLACED / 8], 0n); // SIG_DFL, as the library stored it
});

test("truncationGuard() installs a handler on the other stack, for one signal at a time", () => {
  const { guarded, memory } = simulatedGuard({});
  guarded();
  const OWN = 368;
  const action = new DataView(memory.get(TABLE)!, OWN, 152);
  assertEquals(action.getBigUint64(0, true), PAGE + 32n);
  assertEquals(action.getInt32(136, true), 0x1800_0004); // SA_ONSTACK | SA_RESTART | SA_SIGINFO
});

test("isInPlace tells whether the handler is the one that the system has", () => {
  const { guarded, replace } = simulatedGuard({});
  const guard = guarded()!;
  assertEquals(guard.isInPlace, false); // the simulated library says SIG_DFL
  replace(PAGE + 32n);
  assertEquals(guard.isInPlace, true);
  replace(OTHER);
  assertEquals(guard.isInPlace, false);
});

const REFUSALS: readonly (readonly [what: string, script: Script])[] = [
  ["the table is refused", { map: [MAP_FAILED] }],
  ["the page of the code is refused", { map: [TABLE, MAP_FAILED] }],
  ["memory cannot be replaced", { map: [TABLE, PAGE, MAP_FAILED] }],
  ["executable memory is refused", { mprotect: -1 }],
  ["the old handler cannot be asked for", { sigaction: [-1] }],
  ["the new handler is refused", { sigaction: [0, -1] }],
];

for (const [what, script] of REFUSALS) {
  test(`truncationGuard() returns undefined and leaves nothing mapped when ${what}`, () => {
    const { guarded, mapped } = simulatedGuard(script);
    assertStrictEquals(guarded(), undefined);
    assertEquals([...mapped], []);
  });
}

test("truncationGuard() returns undefined and opens nothing when there is no code for the architecture", () => {
  for (const arch of ["riscv64", "ia32", "toString", ""]) {
    const { runtime, guarded } = simulatedGuard({});
    assertStrictEquals(guarded(4096, arch), undefined);
    assertEquals(runtime.opened.length, 0);
  }
});

test("truncationGuard() takes the table of the handler that is installed when it is the same code", () => {
  const code = installedCode("x64", OTHER, 4096);
  const { runtime, guarded, mapped, memory, names } = simulatedGuard({ handler: PAGE + 32n, code });
  const guard = guarded()!;
  assertEquals(names(), [
    "sigaction",
    "pipe2",
    "write",
    "read",
    "close",
    "close",
    "sigprocmask",
  ]);
  assertEquals(names().at(-1), "sigprocmask"); // the reserve is for who adds a mapping
  assertEquals(runtime.calls.slice(2, 6), [
    ["write", 6, PAGE, BigInt(code.length)],
    ["read", 5, runtime.calls[3]![2]!, BigInt(code.length)],
    ["close", 5],
    ["close", 6],
  ]);
  assertEquals([...mapped], []);
  guard.add(0x1000n, 1n);
  assertEquals(
    [...new BigUint64Array(memory.get(OTHER)!, 2056, 2)],
    [0x1000n, 0x2000n],
  );
});

test("truncationGuard() installs its own handler when the one that is there is another's", () => {
  const code = installedCode("x64", OTHER, 4096);
  const changed = (index: number) => code.map((byte, at) => at === index ? byte ^ 1 : byte);
  const others: readonly Script[] = [
    { handler: 1n, code }, // SIG_IGN
    { handler: PAGE + 32n }, // its memory cannot be read
    { handler: PAGE + 32n, code, pipe: -1 },
    { handler: PAGE + 32n, code: code.subarray(1) },
    { handler: PAGE + 32n, code: installedCode("x64", OTHER, 16_384) },
    ...[0, 15, 24, 32, code.length - 1].map((index) => ({
      handler: PAGE + 32n,
      code: changed(index),
    })),
  ];
  for (const script of others) {
    const { guarded, mapped } = simulatedGuard(script);
    assert(guarded() !== undefined);
    assertEquals([...mapped], [TABLE, PAGE]);
  }
});

test("add() writes an entry with its end rounded up to pages, suspend() hides it, and release() frees it", () => {
  const { guarded, memory } = simulatedGuard({});
  const guard = guarded(16_384)!;
  const entry = guard.add(0x10_0000n, 16_385n)!;
  const words = new BigUint64Array(memory.get(TABLE)!, 2056, 5);
  const counts = new Int32Array(memory.get(TABLE)!, 2056 + 24, 2);
  const states = new Int32Array(memory.get(TABLE)!, 2056 + 16, 2);
  assertEquals([...words.slice(0, 2)], [0x10_0000n, 0x10_8000n]);
  assertEquals([...states], [2, 0]); // live
  states[1] = 3;
  counts.set([2, 1]);
  words[4] = 0x10_4000n;
  assertEquals([entry.faults, entry.settledFaults], [3, 2]);
  entry.suspend();
  assertEquals([...states, entry.faults], [1, 3, 3]); // not live
  entry.resume();
  assertEquals([...states, entry.faults], [2, 3, 3]);
  entry.suspend();
  entry.release();
  assertEquals([...states], [4, 3]); // free, after one use
  entry.release();
  entry.suspend();
  entry.resume();
  entry.vacate();
  entry.endAt(0n);
  assertEquals([...states], [4, 3]);
  assertEquals(words[1], 0x10_8000n);
  guard.add(0x20_0000n, 1n);
  assertEquals([...states, entry.faults], [6, 0, 3]);
  assertEquals([...counts, words[4]], [0, 0, 0n]); // as if it had never been used
});

test("a reserve is set aside at first, and again when it is used up: pairs of which one page can be stored to", () => {
  const [RESERVE, SECOND] = [0x7f00_4000_0000n, 0x7f00_5000_0000n];
  const { runtime, guarded, memory, mapped, names } = simulatedGuard({
    map: [TABLE, PAGE, PAGE, RESERVE, SECOND],
  });
  const guard = guarded()!;
  assertEquals(names().slice(-RESERVE_CALLS.length), RESERVE_CALLS);
  const protect = runtime.calls.filter(([name, , , access]) => name === "mprotect" && access === 0);
  assertEquals(
    protect.map(([, address]) => Number(address as bigint - RESERVE) / 4096),
    Array.from({ length: 16 }, (_, pair) => 31 - 2 * pair),
  );
  const words = new BigUint64Array(memory.get(TABLE)!);
  assertEquals(words[2], RESERVE + 16n);
  words[2]! -= 15n; // as the handler takes pairs
  guard.add(0x1000n, 1n);
  assertEquals(words[2], RESERVE + 1n);
  words[2]! -= 1n;
  guard.add(0x2000n, 1n);
  assertEquals(words[2], SECOND + 16n);
  assertEquals([...mapped], [TABLE, PAGE, RESERVE, SECOND]);
});

test("a reserve that is refused, in part as well, leaves nothing mapped", () => {
  const RESERVE = 0x7f00_4000_0000n;
  const { guarded, memory, mapped } = simulatedGuard({
    map: [TABLE, PAGE, PAGE, RESERVE],
    reserve: -1,
  });
  assert(guarded()!.add(0x1000n, 1n) !== undefined);
  assertEquals(new BigUint64Array(memory.get(TABLE)!)[2], 0n);
  assertEquals([...mapped], [TABLE, PAGE]);
});

test("resume() makes an entry what it was before it was vacated, or suspended once or twice", () => {
  const memory = new ArrayBuffer(40);
  const runtime = new SimulatedRuntime({}, new Map([[OTHER, memory]]));
  const library = simulatedLibrary(runtime);
  const [entry, other] = [guardEntryAt(library, OTHER), guardEntryAt(library, OTHER)];
  const state = new Int32Array(memory, 16, 1);
  state[0] = 2;
  const [CLAIMED, LIVE, VACATED] = [1, 2, 3];
  entry.vacate();
  assertEquals(state[0], VACATED);
  entry.resume();
  assertEquals(state[0], LIVE);
  entry.vacate();
  for (const each of [entry, other]) {
    each.suspend();
    each.suspend();
    assertEquals(state[0], CLAIMED);
    each.resume();
    assertEquals(state[0], VACATED);
  }
});

test("endAt() changes the end of an entry and nothing else", () => {
  const { guarded, memory } = simulatedGuard({});
  const entry = guarded()!.add(0x1000n, 0x3000n)!;
  entry.endAt(0x2000n);
  const words = new BigUint64Array(memory.get(TABLE)!, 2056, 5);
  assertEquals([...words], [0x1000n, 0x2000n, 2n, 0n, 0n]);
});

test("lossesIn() lists the entries that overlap a range and have lost pages", () => {
  const { guarded, memory } = simulatedGuard({});
  const guard = guarded()!;
  for (const address of [0x1000n, 0x3000n, 0x5000n, 0x7000n]) guard.add(address, 0x2000n);
  const words = new Int32Array(memory.get(TABLE)!, 2056, 40);
  for (const entry of [0, 1, 3]) words[10 * entry + 5] = 1; // faults
  assertEquals(guard.lossesIn(0x2000n, 0x4000n), [
    { address: 0x1000n, byteLength: 0x2000n },
    { address: 0x3000n, byteLength: 0x2000n },
  ]);
  words[14] = 1; // the second one is suspended
  assertEquals(guard.lossesIn(0x3000n, 0x4000n), []);
});

test("endRanges() ends the entries that overlap a range, and no others", () => {
  const { guarded, memory } = simulatedGuard({});
  const guard = guarded()!;
  const ranges = [[0x1000n, 0x3000n], [0x4000n, 0x1000n], [0x6000n, 0x2000n]] as const;
  const entries = ranges.map(([address, byteLength]) => guard.add(address, byteLength)!);
  guard.add(0x5000n, 0x1000n)!.release();
  guard.endRanges(0x3000n, 0x3000n);
  const words = new BigUint64Array(memory.get(TABLE)!, 2056, 20);
  const ends = [0, 1, 2, 3].map((entry) => words[5 * entry + 1]);
  assertEquals(ends, [0x1000n, 0x4000n, 0x8000n, 0x6000n]);
  assertEquals(words[0], 0x1000n);
  assertEquals(entries.map(({ isEnded }) => isEnded), [true, true, false]);
  entries[0]!.release();
  assertStrictEquals(entries[0]!.isEnded, false);
  assertEquals(guard.add(0x1000n, 0x1000n)!.address, entries[0]!.address);
});

test("add() returns undefined when the table is full and no memory is left", () => {
  const { guarded } = simulatedGuard({});
  const guard = guarded()!;
  const entries = Array.from({ length: ENTRIES }, () => guard.add(0x1000n, 4096n));
  assert(entries.every((entry) => entry !== undefined));
  assertStrictEquals(guard.add(0x1000n, 4096n), undefined);
  entries[7]!.release();
  assert(guard.add(0x1000n, 4096n) !== undefined);
});

test("add() links one more block when the table is full, and other threads find it", () => {
  const { guarded, memory } = simulatedGuard({
    map: [TABLE, PAGE, PAGE, 0x7f00_4000_0000n, OTHER],
  });
  const guard = guarded()!;
  for (let index = 0; index <= ENTRIES; index++) guard.add(BigInt(index) * 4096n, 4096n);
  assertEquals(new BigUint64Array(memory.get(TABLE)!)[0], OTHER);
  assertEquals(new BigUint64Array(memory.get(OTHER)!, 2056, 1)[0], BigInt(ENTRIES) * 4096n);
});

test("linux().guard() opens it once, also where it is refused", () => {
  const { runtime } = simulated("linux");
  const os = linux(runtime, "unknown");
  assertEquals([os.guard!(), os.guard!()], [undefined, undefined]);
  const calls: string[] = [];
  const real = simulatedGuard({});
  const once = linux({
    ...runtime,
    view: (address, byteLength) =>
      (byteLength === 4 ? runtime : real.runtime).view(address, byteLength),
    open(library, table) {
      const names = Object.keys(table);
      calls.push(...names);
      const part = (isReal: boolean) =>
        names.filter((name) => (name === "sysconf" || name === "__errno_location") !== isReal);
      return {
        ...runtime.open(library, pick(table, part(false))),
        ...real.runtime.open(library, pick(table, part(true))),
      } as Functions<typeof table>;
    },
  }, "x64");
  assert(!calls.includes("sigaction"));
  assert(once.guard!() !== undefined && once.guard!() === once.guard!());
  assertEquals(calls.filter((name) => name === "sigaction").length, 1);
});
