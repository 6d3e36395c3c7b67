import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { heldRanges, releaseHeldRanges } from "../core/lifetime.ts";
import { currentRuntime, host, runtimeFiles } from "../ffi/host.ts";
import { type Mmap, MmapError, MmapOptions } from "../mod.ts";
import { test } from "./harness.ts";
import { FILE_BYTE_LENGTH, PAPER_SYSTEMS, type PaperSystem } from "./paper_system.ts";

const PAGE = 4096;
const GRANULE = 65_536;
/** A hint that no processor has either. */
const HINT = 0x7123_4567_0000n;
const DESCRIPTOR = 5;

/** A public call, of which every native call is made to fail. */
interface Scenario {
  /** What there is before: nothing, where the call itself maps. */
  readonly before?: () => Mmap;
  /** The call; returns what it maps. */
  readonly call: (mmap: Mmap) => Mmap | void;
}

const options = (len = 3 * PAGE) => new MmapOptions({ len });
const anon = () => options().mapAnon();
const viewed = () => {
  const mmap = anon();
  mmap.bytes[0] = 1;
  return mmap;
};
const mixed = () => {
  const mmap = viewed();
  mmap.protect("read", PAGE, PAGE);
  return mmap;
};
const reserved = () => options().reserve();
const priv = () => new MmapOptions({ offset: GRANULE + 5 }).map("file");
const shared = () => new MmapOptions({ offset: GRANULE + 5 }).mapMut("file");
const code = () => new MmapOptions().mapExec("file");
const used = (map: () => Mmap) => () => {
  const mmap = map();
  mmap.view(Uint8Array, 0, 1)[0] = 1;
  return mmap;
};
const file = (name: string, options: MmapOptions): Record<string, Scenario> => ({
  [`map() of ${name}`]: { call: () => options.map("file") },
  [`mapMut() of ${name}`]: { call: () => options.mapMut("file") },
  [`mapExec() of ${name}`]: { call: () => options.mapExec("file") },
});

/** The calls. A new one is one more row. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "mapAnon()": { call: anon },
  "mapAnon() populated": { call: () => options().populate().mapAnon() },
  "mapAnon() at a hint": { call: () => options().withHint(HINT).mapAnon() },
  "mapAnon() at a strict hint": { call: () => options().withHint(HINT).strict().mapAnon() },
  "reserve()": { call: reserved },
  ...file("a file", new MmapOptions()),
  ...file("a part of a file", new MmapOptions({ offset: GRANULE + 5, len: PAGE })),
  ...file("a populated file", new MmapOptions({ populate: true })),
  ...file("a file at a hint", new MmapOptions({ hint: HINT })),
  ...file("a file at a strict hint", new MmapOptions({ hint: HINT, strict: true })),
  "map() of a descriptor": { call: () => new MmapOptions().map(DESCRIPTOR) },
  "mapMut() of a descriptor": { call: () => new MmapOptions().mapMut({ fd: DESCRIPTOR }) },
  "view()": { before: anon, call: (mmap) => void mmap.view(Int32Array) },
  "protect() of what was viewed": { before: viewed, call: (mmap) => mmap.protect("read", PAGE) },
  "protect() of what is mixed": { before: mixed, call: (mmap) => mmap.protect("none") },
  "protect() of a file": { before: priv, call: (mmap) => mmap.protect("read") },
  "protect() of a shared file": { before: used(shared), call: (mmap) => mmap.protect("none") },
  "commit()": { before: reserved, call: (mmap) => mmap.commit(PAGE, PAGE) },
  "commit() of what is mixed": {
    before: () => {
      const mmap = reserved();
      mmap.protect("read", PAGE, PAGE);
      return mmap;
    },
    call: (mmap) => mmap.commit(0, 3 * PAGE),
  },
  "commit() of what was decommitted": {
    before: () => {
      const mmap = viewed();
      mmap.decommit(0, PAGE);
      return mmap;
    },
    call: (mmap) => mmap.commit(0, PAGE),
  },
  "decommit()": { before: anon, call: (mmap) => mmap.decommit(PAGE, PAGE) },
  "decommit() of what was viewed": {
    before: () => {
      const mmap = viewed();
      mmap.protect("read");
      return mmap;
    },
    call: (mmap) => mmap.decommit(PAGE, PAGE),
  },
  "discard()": { before: viewed, call: (mmap) => mmap.discard(0, PAGE) },
  "discard() of a file": {
    before: used(priv),
    call: (mmap) => {
      try {
        mmap.discard();
      } catch (error) {
        // Linux alone can.
        if ((error as MmapError).code !== "ENOTSUP") throw error;
      }
    },
  },
  "flush()": { before: shared, call: (mmap) => mmap.flush() },
  "flush() of a part": { before: shared, call: (mmap) => mmap.flush(PAGE, 1) },
  "startFlush()": { before: shared, call: (mmap) => mmap.startFlush() },
  "read()": { before: anon, call: (mmap) => mmap.read(new Uint8Array(2)) },
  "write()": { before: anon, call: (mmap) => mmap.write(new Uint8Array(2)) },
  "read() of a file": { before: priv, call: (mmap) => mmap.read(new Uint8Array(2)) },
  "read() of code": { before: code, call: (mmap) => mmap.read(new Uint8Array(2)) },
  "write() of a shared file": { before: shared, call: (mmap) => mmap.write(new Uint8Array(2)) },
  "unmap()": { before: anon, call: (mmap) => mmap.unmap() },
  "unmap() of what was viewed": { before: viewed, call: (mmap) => mmap.unmap() },
  "unmap() of a file": { before: priv, call: (mmap) => mmap.unmap() },
  "unmap() of a file that was viewed": { before: used(priv), call: (mmap) => mmap.unmap() },
  "unmap() of a shared file": { before: shared, call: (mmap) => mmap.unmap() },
  "unmap() of a shared file that was viewed": {
    before: used(shared),
    call: (mmap) => mmap.unmap(),
  },
};

/** The failures that are no error, and why; the row is one of each system that makes the call. */
const IGNORED: readonly (readonly [scenario: RegExp, call: string, why: string])[] = [
  [/./, "close", "it is closed all the same"],
  [/./, "CloseHandle", "it is closed all the same"],
  [/at a hint$/, "VirtualAlloc", "Windows is asked once more, without the hint"],
  [/at a hint$/, "MapViewOfFileEx", "Windows is asked once more, without the hint"],
  [/^mapMut\(\) of a descriptor$/, "open", "only resizing needs the file's own opening"],
  [/^map(Mut|Exec)?\(\)/, "lseek", "the position is nobody else's"],
  [/populated/, "mach_vm_read_overwrite", "a page that cannot be read now is when it is used"],
  [/populated/, "ReadProcessMemory", "a page that cannot be read now is when it is used"],
  [/^discard\(\)$|decommitted$|^decommit/, "madvise", "it is mapped over instead"],
  [/^discard\(\) of a file$/, "madvise", "it is tried once more, without locks"],
  [/^unmap\(\) of .*viewed$/, "madvise", "it is mapped over instead"],
  [/^unmap\(\) of .*viewed$/, "mmap", "the memory goes with the range"],
  [/^unmap\(\) of .*viewed$/, "DiscardVirtualMemory", "the memory goes with the range"],
];

/** Runs the core on a system of paper. */
function on<T>({ os, runtime }: PaperSystem, body: () => T): T {
  releaseHeldRanges(); // those of the real system
  const opened = host();
  const engine = currentRuntime();
  const files = runtimeFiles();
  const facts = { kind: "file", byteLength: FILE_BYTE_LENGTH };
  const changes: readonly (readonly [object: object, change: object])[] = [
    [opened, { os, runtime }],
    [engine, {
      view: (address: bigint, byteLength: number) => runtime.view(address, byteLength),
      longMappings: [],
      maxSharedByteLength: Number.MAX_SAFE_INTEGER,
    }],
    [files, { check: () => facts, describe: () => facts, systemPath: (path: string) => path }],
  ];
  const originals = changes.map(([object]) => ({ ...object }));
  const hadDescribe = files.describe !== undefined;
  try {
    for (const [object, change] of changes) Object.assign(object, change);
    return body();
  } finally {
    releaseHeldRanges(); // those of this one, where a test has failed
    changes.forEach(([object], index) => Object.assign(object, originals[index]));
    if (!hadDescribe) Reflect.deleteProperty(files, "describe");
  }
}

/** What the call throws, and what it maps. */
function outcomeOf(call: () => Mmap | void): { error?: unknown; made?: Mmap | void } {
  try {
    return { made: call() };
  } catch (error) {
    return { error };
  }
}

/** What can be asked of a mapping. */
function stateOf(mmap: Mmap | undefined): unknown {
  if (mmap === undefined || mmap.closed) return "closed";
  const accesses: string[] = [];
  for (let offset = 0; offset < mmap.byteLength; offset += PAGE) {
    accesses.push(mmap.accessAt(offset));
  }
  return [mmap.address, mmap.byteLength, accesses];
}

function isIgnored(name: string, call: string): boolean {
  return IGNORED.some(([scenario, ignored]) => scenario.test(name) && ignored === call);
}

/** Unmaps all, and sees to it that nothing is left. */
function settle({ account }: PaperSystem, ...mappings: (Mmap | void)[]): void {
  account.fault = undefined;
  for (const mmap of mappings) mmap?.unmap();
  releaseHeldRanges();
  assertEquals(heldRanges(), { count: 0, byteLength: 0 });
}

/** The library's own memory, to copy through. */
function warm(system: PaperSystem): string {
  const mmap = priv();
  mmap.read(new Uint8Array(1));
  settle(system, mmap);
  return String(system.account);
}

const seen: Set<number> = new Set();
/** What a failed test leaves must not be collected: the real system would be asked to unmap it. */
const kept: unknown[] = [];

for (const [platform, { open, errors }] of Object.entries(PAPER_SYSTEMS)) {
  for (const [name, { before, call }] of Object.entries(SCENARIOS)) {
    // What Windows has no descriptors for.
    if (platform === "windows" && name.endsWith("of a descriptor")) continue;
    test(`${platform}: ${name} leaves nothing behind when any native call fails`, () => {
      const system = open();
      const { account } = system;
      on(system, () => {
        const nothing = warm(system);
        for (const error of errors) {
          for (let index = 0, count = 1; index < count; index++) {
            const mmap = before?.();
            const state = stateOf(mmap);
            kept.push(mmap);
            const there = String(account);
            account.calls.length = 0;
            account.fault = { index, error };
            const { error: thrown, made } = outcomeOf(() => call(mmap!));
            const failed = account.calls[index];
            account.fault = undefined;
            kept.push(made);
            // Until no call is left to fail.
            if (failed === undefined) assertStrictEquals(thrown, undefined);
            else count = index + 2;
            if (failed !== undefined && thrown === undefined) {
              assert(isIgnored(name, failed), `${failed} (call ${index}) failed unnoticed`);
            }
            if (thrown !== undefined) {
              assert(thrown instanceof MmapError, String(thrown));
              assertEquals([thrown.syscall, thrown.osError], [failed, error], thrown.message);
              assertEquals(stateOf(mmap), state);
              assertEquals(String(account), there, `after ${failed} (call ${index})`);
              const second = call(mmap!);
              settle(system, mmap, second);
            } else settle(system, mmap, made);
            assertEquals(String(account), nothing, `left after ${failed} (call ${index})`);
            IGNORED.forEach(([scenario, ignored], row) => {
              if (thrown === undefined && scenario.test(name) && ignored === failed) seen.add(row);
            });
          }
        }
      });
    });
  }
}

test("linux: copying works once there is memory to copy through, after there was none", () => {
  const system = PAPER_SYSTEMS["linux"]!.open();
  const { account } = system;
  on(system, () => {
    const mmap = priv();
    account.calls.length = 0;
    account.fault = { index: 0, error: 12 };
    const { error } = outcomeOf(() => mmap.read(new Uint8Array(1)));
    account.fault = undefined;
    assertEquals([(error as MmapError).syscall, (error as MmapError).code], ["mmap", "ENOMEM"]);
    mmap.read(new Uint8Array(1));
    settle(system, mmap);
  });
});

test("every failure that is said to be ignored is", () => {
  assertEquals(IGNORED.filter((_, row) => !seen.has(row)), []);
});
