import { assert, assertEquals } from "@std/assert";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import type { Word } from "../../ffi/os/contract/waiting.ts";
import type { SymbolTable } from "../../ffi/symbols.ts";
import { test } from "../support/harness.ts";
import {
  fail,
  forget,
  simulated,
  type SimulatedName,
  type SimulatedSystem,
} from "../support/simulated/mod.ts";

const WORD: Word = { address: 0x7000n, place: undefined };
const SLICE = 100_000_000n;

/** Opens a system whose calls that wait are open, and forgets what that took. */
function opened(platform: SimulatedName): SimulatedSystem {
  const system = simulated(platform);
  system.os.waiting.wait(WORD, 0, 0);
  forget(system);
  return system;
}

test("linux: wait() sleeps by futex in slices, and notify() wakes by it", () => {
  const system = opened("linux");
  const { os: { waiting }, runtime } = system;
  assertEquals(waiting.wait(WORD, -1, 0), "elapsed");
  const FUTEX_CMP_REQUEUE = 4n;
  const compared = runtime.calls.at(-1)!;
  assertEquals(compared.slice(0, 6), [
    "syscall",
    202n,
    0x7000n,
    FUTEX_CMP_REQUEUE,
    0n, // wakes none
    0n, // and moves none
  ]);
  assertEquals(compared[7], 0xffff_ffffn);
  assertEquals(waiting.wait(WORD, -1, 25), "elapsed");
  const slept = runtime.calls.findLast(([, number]) => number === 202n)!;
  assertEquals(slept.slice(0, 5), ["syscall", 202n, 0x7000n, 0n, 0xffff_ffffn]);
  forget(system);
  assertEquals(waiting.notify(WORD, 3), 1);
  assertEquals(waiting.notify(WORD, Infinity), 1);
  assertEquals(runtime.calls.map((call) => call.slice(0, 5)), [
    ["syscall", 202n, 0x7000n, 1n, 3n],
    ["syscall", 202n, 0x7000n, 1n, 0x7fff_ffffn],
  ]);
});

test("linux: wait() reads the clock after its first sleep, and counts that", () => {
  const { os: { waiting }, runtime } = opened("linux");
  const FUTEX_WAIT = 0n;
  const namesOf = (milliseconds: number) => {
    const before = runtime.calls.length;
    assertEquals(waiting.wait(WORD, 0, milliseconds), "elapsed");
    return runtime.calls.slice(before)
      .filter(([name, , , operation]) => name !== "syscall" || operation === FUTEX_WAIT)
      .map(([name]) => name);
  };
  assertEquals(namesOf(100), ["syscall"]);
  assertEquals(namesOf(130), ["syscall", "clock_gettime", "syscall"]);
});

test("linux: syscall() is given all seven parameters, which it reads whatever the call", () => {
  const tables: SymbolTable[] = [];
  const open = (_: string, table: SymbolTable) => {
    tables.push(table);
    return { __errno_location: () => 0x100n };
  };
  const { os: { waiting } } = opened("linux");
  const native = { open, view: () => new ArrayBuffer(4) };
  (0, eval)(waiting.threadSource)(native, waiting.threadData());
  const calls = tables.flatMap((table) => table["syscall"] ?? []);
  assertEquals(calls.map(({ parameters }) => parameters.length), [7, 7]);
});

test("linux: arm64 has another number for futex", () => {
  const { os, runtime } = simulated("linux", { arch: "arm64" });
  os.waiting.notify(WORD, 1);
  assertEquals(runtime.calls.at(-1)!.slice(0, 2), ["syscall", 98n]);
});

const [EINTR, EAGAIN, EFAULT] = [4, 11, 14];
const FAILURES: readonly (readonly [index: number, error: number, milliseconds: number, string])[] =
  [
    [0, EAGAIN, 0, "different"],
    [0, EAGAIN, Infinity, "different"],
    [1, EAGAIN, Infinity, "woken"], // in the second slice it was announced
    [0, EINTR, 25, "elapsed"],
    [0, EFAULT, 0, "EFAULT"],
    [1, EFAULT, Infinity, "EFAULT"],
  ];

for (const [index, error, milliseconds, expected] of FAILURES) {
  test(`linux: wait() of ${milliseconds} ms ends with ${expected} when call ${index} fails with ${error}`, () => {
    const system = opened("linux");
    fail(system, index, error);
    const ending = system.os.waiting.wait(WORD, 0, milliseconds);
    assertEquals(typeof ending === "string" ? ending : ending.code, expected);
  });
}

test("darwin: wait() compares, sleeps for a slice at a time, and notify() wakes one by one", () => {
  const system = opened("darwin");
  const { os: { waiting }, runtime, kernel } = system;
  assertEquals(waiting.wait(WORD, 0, 0), "elapsed");
  assertEquals(waiting.wait(WORD, 1, 0), "different");
  assertEquals(kernel.calls, ["mach_vm_read_overwrite", "mach_vm_read_overwrite"]);
  assertEquals(waiting.wait(WORD, 0, Infinity), "woken");
  assertEquals(runtime.calls.at(-1), [
    "os_sync_wait_on_address_with_timeout",
    0x7000n,
    0n,
    4n,
    1, // OS_SYNC_WAIT_ON_ADDRESS_SHARED
    32, // OS_CLOCK_MACH_ABSOLUTE_TIME
    SLICE,
  ]);
  forget(system);
  assertEquals(waiting.notify(WORD, 1), 1);
  assertEquals(runtime.calls, [["os_sync_wake_by_address_any", 0x7000n, 4n, 1]]);
  assertEquals(waiting.notify(WORD, Infinity), 0); // ENOENT: nobody is left
});

test("darwin: wait() goes on after what is no end, and tells any other failure", () => {
  const [ETIMEDOUT, EINVAL] = [60, 22];
  for (const error of [ETIMEDOUT, EINTR, EFAULT]) {
    const system = opened("darwin");
    fail(system, 1, error); // after the word was read
    assertEquals(system.os.waiting.wait(WORD, 0, Infinity), "woken");
  }
  const system = opened("darwin");
  fail(system, 1, EINVAL);
  const failure = system.os.waiting.wait(WORD, 0, Infinity) as Failure;
  assertEquals(failure.code, "EINVAL");
  fail(system, 0, EINTR);
  assertEquals(system.os.waiting.notify(WORD, 1), 1);
});

test("darwin: waiting is not supported when the system has no such functions", () => {
  const missing = "os_sync_wait_on_address_with_timeout";
  const { os: { waiting } } = simulated("darwin", { missing });
  const results = [
    waiting.wait(WORD, 0, 0),
    waiting.notify(WORD, 1),
    waiting.prepare(WORD, 0, 1),
  ] as Failure[];
  assertEquals(results.map(({ code }) => code), ["ENOTSUP", "ENOTSUP", "ENOTSUP"]);
});

test("darwin: the thread leaves when its owner has ended, or the word's page does not come back", () => {
  const [ESRCH, EFAULT, ETIMEDOUT] = [3, 14, 60];
  const { os: { waiting } } = opened("darwin");
  const data = waiting.threadData() as { readonly thread: bigint };
  const job = { address: 0x7000n, expected: 0n, control: 0x8000n, deadline: undefined };
  /** Runs the thread: each wait for the word fails, the owner is there for so many looks. */
  const run = (errorOf: (wait: number) => number, looks: number) => {
    let waits = 0;
    const errno = new Int32Array(1);
    const functions = {
      memcpy: (target: Uint8Array, address: bigint) => {
        assertEquals(address, job.control);
        new Int32Array(target.buffer)[0] = 0;
      },
      __error: () => 0x100n,
      clock_gettime_nsec_np: () => 0n,
      pthread_kill: (thread: bigint) => thread === data.thread && looks-- > 0 ? 0 : ESRCH,
      os_sync_wait_on_address_with_timeout(address: bigint) {
        errno[0] = address === job.address ? errorOf(waits++) : ETIMEDOUT;
        return errno[0] === 0 ? 0 : -1;
      },
    };
    const native = { open: () => functions, view: () => errno.buffer };
    const thread = (0, eval)(waiting.threadSource)(native, data);
    return thread(job) as { readonly ending?: string; readonly osError?: number };
  };
  assertEquals(run(() => ETIMEDOUT, 5), { ending: "cancelled" });
  assertEquals(run((wait) => wait < 50 ? EFAULT : 0, Infinity), { ending: "woken" });
  assertEquals(run(() => EFAULT, Infinity).osError, EFAULT);
});

for (const platform of ["linux", "darwin", "windows"] as const) {
  test(`${platform}: the thread's source is a function, and its job and data can be cloned`, () => {
    const { os: { waiting } } = opened(platform);
    assert(typeof (0, eval)(waiting.threadSource) === "function");
    structuredClone(waiting.threadData());
    const wait = waiting.prepare({ address: 2n ** 60n, place: undefined }, 0, 5);
    if (platform !== "windows") {
      assert(typeof wait === "object" && "job" in wait);
      structuredClone(wait.job);
      wait.cancel();
      assertEquals(wait.end("cancelled"), "cancelled");
    }
  });
}

test("windows: wait() leaves nothing open, and notify() finds who waits by the word's name", () => {
  const system = simulated("windows");
  const { os, kernel } = system;
  const address = kernel.space.map(0n, 4096n, "memory 4");
  const word = { address, place: undefined };
  const other = { address: address + 4n, place: undefined };
  assertEquals(os.waiting.wait(word, 1, 0), "different");
  assertEquals(os.waiting.wait(word, 0, 25), "elapsed");
  assertEquals([...kernel.open], []);
  const waits = Array.from({ length: 11 }, () => os.waiting.prepare(word, 0, Infinity));
  assertEquals(os.waiting.notify(other, Infinity), 0);
  assertEquals([2, Infinity, 1].map((count) => os.waiting.notify(word, count)), [2, 9, 0]);
  for (const wait of waits) {
    assert(typeof wait === "object" && "job" in wait);
    structuredClone(wait.job);
    assertEquals(wait.end("cancelled"), "woken"); // it was first
  }
  const late = os.waiting.prepare(word, 0, Infinity);
  assert(typeof late === "object" && "job" in late);
  assertEquals(late.end("elapsed"), "elapsed");
  assertEquals([...kernel.open], []);
});

test("windows: a word of a file has the same name wherever it is mapped", () => {
  const system = simulated("windows");
  const { os, kernel } = system;
  const [first, second] = [
    kernel.space.map(0n, 4096n, "file 4"),
    kernel.space.map(0n, 4096n, "file 4"),
  ];
  const at = (address: bigint, offset: bigint): Word => ({
    address,
    place: { memory: { file: kernel.opened("file"), name: undefined }, offset },
  });
  const wait = os.waiting.prepare(at(first, 8n), 0, Infinity);
  assert(typeof wait === "object" && "job" in wait);
  assertEquals(os.waiting.notify(at(second, 12n), 1), 0);
  assertEquals(os.waiting.notify(at(second, 8n), 1), 1);
  assertEquals(wait.end("elapsed"), "woken");
});
