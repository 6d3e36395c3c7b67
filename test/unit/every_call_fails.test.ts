import { assert, assertEquals } from "@std/assert";
import { heldRanges } from "../../core/lifetime/held_totals.ts";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { linux } from "../../ffi/os/linux/os.ts";
import { Mmap, MmapError, MmapOptions } from "../../mod.ts";
import { BLAMED, IGNORED } from "../support/every_call/ignored.ts";
import { PAGE, placed, type Scenario, whereThatIs } from "../support/every_call/prepared.ts";
import { SCENARIOS } from "../support/every_call/scenarios.ts";
import { test } from "../support/harness.ts";
import { on } from "../support/simulated/host.ts";
import {
  FILE_BYTE_LENGTH,
  type Run,
  type SimulatedSystem,
  SIMULATIONS,
} from "../support/simulated/mod.ts";
import { rounds } from "../support/rounds.ts";

/** The error that a call throws, and the mapping that it makes. */
async function outcomeOf(
  call: () => Mmap | void | Promise<void>,
): Promise<{ error?: unknown; made?: Mmap | void }> {
  try {
    return { made: await call() };
  } catch (error) {
    return { error };
  }
}

/** The state that a mapping tells. */
function stateOf(mmap: Mmap | undefined): unknown {
  if (mmap === undefined || mmap.closed) return "closed";
  const accesses: string[] = [];
  for (let offset = 0; offset < mmap.byteLength; offset += PAGE) {
    accesses.push(mmap.accessAt(offset));
  }
  mmap.startFlush(0, 1); // from then on the pages are tracked, and guarded
  return [mmap.address, mmap.byteLength, accesses, mmap.truncationGuarded];
}

function isIgnored(name: string, call: string): boolean {
  return IGNORED.some(([scenario, ignored]) => scenario.test(name) && ignored === call);
}

/** Unmaps all, and sees to it that nothing is left. */
function settle({ kernel }: SimulatedSystem, ...mappings: (Mmap | void)[]): void {
  kernel.fault = undefined;
  kernel.fileByteLength = FILE_BYTE_LENGTH;
  kernel.lockable = 0n;
  kernel.names.clear();
  releaseHeldRanges(); // first by themselves, while other parts of a mapping are in use
  for (const mmap of mappings) mmap?.unmap();
  releaseHeldRanges();
  assertEquals(heldRanges(), { count: 0, byteLength: 0 });
}

/** The library's own memory, to copy through, and (Linux) its handler. */
function warm(system: SimulatedSystem): string {
  const copied = new MmapOptions({ truncationGuard: false }).map("file");
  copied.read(new Uint8Array(1));
  const viewed = new MmapOptions().map("file");
  void viewed.bytes;
  const waited = new MmapOptions({ len: PAGE }).mapAnon();
  waited.wait(0, 0, 0);
  const into = whereThatIs(placed)(waited);
  settle(system, copied, viewed, waited, into);
  return String(system.kernel);
}

const seen: Set<number> = new Set();
/** Mappings that a failed test leaves must not be collected: the real system would be asked to unmap them. */
const kept: unknown[] = [];

/** Makes one native call of a public call fail, and checks what comes of it; returns its name, if there is one. */
async function failOnce(
  system: SimulatedSystem,
  name: string,
  { before, call, isPartial, unlocks }: Scenario,
  fault: { readonly index: number; readonly error: number },
): Promise<string | undefined> {
  const { kernel } = system;
  const mapped = [before?.() ?? []].flat();
  const mmap = mapped[0]!;
  const state = stateOf(mmap);
  const { runs } = kernel.space;
  kept.push(mapped);
  const there = kernel.toString(!unlocks);
  kernel.calls.length = 0;
  kernel.fault = fault;
  const { error, made } = await outcomeOf(() => call(mmap));
  const failed = kernel.calls[fault.index];
  kernel.fault = undefined;
  kept.push(made);
  const where = `${failed} (call ${fault.index})`;
  if (error === undefined) {
    assert(failed === undefined || isIgnored(name, failed), `${where} failed unnoticed`);
    IGNORED.forEach(([scenario, ignored], row) => {
      if (scenario.test(name) && ignored === failed) seen.add(row);
    });
    settle(system, ...mapped, made);
    return failed;
  }
  assert(failed !== undefined && error instanceof MmapError, String(error));
  const row = BLAMED.find(([scenario, call]) => scenario.test(name) && call === failed);
  const blamed: readonly unknown[] = row?.[2] ?? [failed, fault.error];
  assertEquals<unknown>([error.syscall, error.osError], blamed, error.message);
  releaseHeldRanges(); // what could not be unmapped is, as soon as it can be
  const isInPart = isPartial === "in pieces" ? system.os.files.pieces !== undefined : isPartial;
  if (isInPart) assertPartial(system, mmap, state, runs);
  else {
    assertEquals(stateOf(mmap), state);
    assertEquals(kernel.toString(!unlocks), there, `after ${where}`);
  }
  const second = await call(mmap);
  settle(system, ...mapped, second);
  return failed;
}

/** The facts of a page. */
function pageAt(runs: readonly Run[], page: bigint): unknown {
  const { base, state, isLocked } = runs.find(({ start, end }) => start <= page && page < end)!;
  return { base, state, isLocked };
}

/** Sees to it that each page is as before, or decommitted. */
function assertPartial(
  { kernel }: SimulatedSystem,
  mmap: Mmap,
  state: unknown,
  before: readonly Run[],
): void {
  const [address, , accesses] = state as [bigint, number, string[]];
  accesses.forEach((access, index) => {
    const now = mmap.accessAt(index * PAGE);
    if (now === "none" && access !== "none") return;
    assertEquals(now, access);
    const page = address + BigInt(index * PAGE);
    assertEquals(pageAt(kernel.space.runs, page), pageAt(before, page));
  });
}

for (const [platform, { open, errors }] of Object.entries(SIMULATIONS)) {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    // What Windows has no descriptors for.
    if (platform === "windows" && name.endsWith("of a descriptor")) continue;
    // What macOS has none of.
    if (platform === "darwin" && /huge/.test(name)) continue;
    test(`${platform}: ${name} leaves nothing behind when any native call fails`, async () => {
      const system = open();
      await on(system, async () => {
        const nothing = warm(system);
        for (const error of errors.slice(0, rounds("nativeErrors"))) {
          // Until no call is left to fail.
          for (let index = 0, failed: string | undefined = ""; failed !== undefined; index++) {
            failed = await failOnce(system, name, scenario, { index, error });
            // Simulated threads are there again.
            if (name.endsWith("waits")) await new Promise((resolve) => setTimeout(resolve, 1));
            assertEquals(String(system.kernel), nothing, `left after ${failed} (call ${index})`);
          }
        }
      });
    });
  }
}

for (const [platform, { open, errors }] of Object.entries(SIMULATIONS)) {
  test(`${platform}: mapAnon() works or is ENOMEM when any native call fails by which threads find what they share, and share() works afterwards`, async () => {
    const failures: string[] = [];
    const system = open();
    let rootCalls = 0;
    await on(system, () => {
      const mmap = new MmapOptions({ len: PAGE }).mapAnon();
      rootCalls = system.kernel.calls.length - 1; // the mapping itself comes last
      settle(system, mmap);
    });
    for (let index = 0; failures.length === index; index++) {
      const system = open();
      const { kernel } = system;
      await on(system, async () => {
        kernel.fault = { index, error: errors[1]! };
        const { error, made } = await outcomeOf(() => new MmapOptions({ len: PAGE }).mapAnon());
        const failed = kernel.calls[index];
        kernel.fault = undefined;
        kept.push(made);
        if (failed !== undefined) failures.push(failed);
        const mmap = made ?? new MmapOptions({ len: PAGE }).mapAnon();
        kept.push(mmap);
        const isRefused = (error as MmapError | undefined)?.code === "ENOMEM";
        assert(error === undefined || isRefused || index >= rootCalls, String(error));
        const other = Mmap.fromTicket(mmap.share());
        settle(system, mmap, other);
        assertEquals(kernel.space.pageCount, 17); // the root, and one block
      });
    }
    assert(rootCalls >= 3 && failures.length > rootCalls, String(failures));
  });
}

/** Without a reserve there is a guard all the same. */
const RESERVE_CALLS = ["mmap", ...Array.from({ length: 16 }, () => "mprotect")];
const RESERVE_PAGES = 32;

/** The handlers that can be installed when a file is first viewed, and the calls of that view. */
const HANDLERS:
  readonly (readonly [what: string, hasHandler: boolean, calls: readonly string[]])[] = [
    ["nobody's handler", false, [
      ...["sigaction", "mmap", "mmap", "mmap", "mprotect", "sigaction"],
      ...RESERVE_CALLS,
    ]],
    // Its table is empty in the simulation, and so has no reserve.
    ["its own handler", true, [
      ...["sigaction", "pipe2", "write", "read", "close", "close"],
      ...RESERVE_CALLS,
    ]],
  ];

for (const [what, hasHandler, expected] of HANDLERS) {
  test(`linux on x64: the first view of a file works when any native call of its guard fails that finds ${what}`, async () => {
    const failures: string[] = [];
    for (let index = 0;; index++) {
      const system = SIMULATIONS["linux on x64"].open();
      const { kernel } = system;
      await on(system, () => {
        if (hasHandler) {
          // As another copy of the library would.
          const other = linux(system.runtime, "x64").guard!();
          assert(other !== undefined);
        }
        const mmap = new MmapOptions().map("file");
        kept.push(mmap);
        const there = kernel.space.pageCount;
        kernel.calls.length = 0;
        kernel.fault = { index, error: 12 };
        mmap.bytes[0] = 1;
        const failed = kernel.calls[index];
        if (failed !== undefined) failures.push(failed);
        kernel.fault = undefined;
        const added = kernel.space.pageCount - there;
        const isGuarded = kernel.guards.size > 0;
        const isOptional = index >= expected.length - RESERVE_CALLS.length;
        const isExpected = failed === undefined ||
          (hasHandler ? failed !== "sigaction" : isOptional);
        assertEquals(isGuarded, isExpected);
        // The table has 16 pages, the code has one; a reserve that was refused is tried once more.
        const whole = 17 + RESERVE_PAGES;
        const possible = !isGuarded ? [0] : hasHandler ? [0, RESERVE_PAGES, whole] : [whole];
        assert(possible.includes(added), `${added} pages`);
        assertEquals([...kernel.open.values()], []);
        settle(system, mmap);
        const own = mmap.closed && there - Math.ceil(FILE_BYTE_LENGTH / PAGE);
        assertEquals(kernel.space.pageCount, (own as number) + added);
      });
      if (failures.length === index) break;
    }
    assertEquals(failures, expected);
  });
}

test("every failure that is said to be ignored is", () => {
  assertEquals(IGNORED.filter((_, row) => !seen.has(row)), []);
});
