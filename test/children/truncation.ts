// Reads and writes what others truncated, as the cases that it is told do, one
// after the other: many end the process where there is no guard.
import { spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { promisify } from "node:util";
import { deflate, inflateSync } from "node:zlib";
import { host } from "../../ffi/host.ts";
import { openLibrary } from "../../ffi/library.ts";
import type { TruncationGuard } from "../../ffi/os/contract/truncation_guard.ts";
import { Mmap, MmapOptions } from "../../mod.ts";
import { sourceUrl } from "../support/harness.ts";
import {
  actionOf,
  c,
  countingHandler,
  delayingHandler,
  faultingHandler,
  mapFile,
  type MappedFile,
  misnamingHandler,
  PAGE,
  resettingHandler,
  sendAlignmentFault,
  setAction,
  viewOf,
} from "../support/mapped_file.ts";
import { rounds } from "../support/rounds.ts";

const SIGBUS = 7;
const SIGSEGV = 11;
const SIGUSR2 = 12;
const SIG_DFL = { handler: 0n, mask: 0n, flags: 0 };
const SA_ONSTACK = 0x0800_0000;
const SIG_IGN = { handler: 1n, mask: 0n, flags: 0 };

const [option, ...names] = process.argv.slice(2);
const isGuarded = option === "guarded";

/** The guard, unless this process is to have none. */
function guard(): TruncationGuard | undefined {
  return isGuarded ? host().os.guard!() : undefined;
}

/** Has the file of a mapping no page there any more, as where a disk is full. */
function lose({ address }: MappedFile, page: number, pages: number = 1): void {
  const empty = c.memfd_create(new Uint8Array([0x66, 0]), 0);
  // MAP_SHARED | MAP_FIXED
  c.mmap(address + BigInt(page * PAGE), BigInt(pages * PAGE), 3, 0x11, empty, 0n);
  c.close(empty);
}

function firsts({ bytes }: MappedFile): number[] {
  return Array.from({ length: bytes.length / PAGE }, (_, page) => bytes[page * PAGE]!);
}

function startWorker(workerData: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(sourceUrl("../children/truncation_worker.ts"), { workerData });
    worker.once("message", (message) => {
      void worker.terminate();
      resolve(message);
    });
    worker.once("error", reject);
  });
}

/** Sends this process SIGBUS, and gives it the time to come. */
async function sendSigbus(): Promise<void> {
  c.kill(process.pid, SIGBUS); // Bun's process.kill() would set the default action before
  await sleep(50);
}

/**
 * Has a thread fault in memory of a file, changes the mapping, and lets the guard handle the fault
 * only then. Tells whether the thread read zeros, and whether the handlers are still there.
 */
async function faultMeanwhile(change: (mmap: Mmap) => void): Promise<unknown> {
  const file = mapFile(8, undefined);
  const mmap = new MmapOptions().mapMut(file.path);
  const { address, bytes } = mmap; // which the range is held for
  const { handler, flags } = actionOf(SIGBUS);
  const delaying = delayingHandler(handler);
  setAction(SIGBUS, { handler: delaying.handler, mask: 0n, flags });
  file.truncate(0);
  const sum = startWorker({ kind: "view", address, pages: 8 });
  while (delaying.calls() === 0) await sleep(1);
  change(mmap);
  delaying.goOn();
  const areZero = await sum === 8;
  const areThere = actionOf(SIGBUS).handler === delaying.handler;
  setAction(SIGBUS, { handler, mask: 0n, flags });
  const next = mapFile(2, guard());
  next.truncate(0);
  return [areZero, areThere, bytes.length, firsts(next), next.entry?.faults];
}

/** A WebAssembly function that loads 32 bits from its memory of one page. */
function wasmLoad(): (offset: number) => number {
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: {
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object) => { exports: { load(offset: number): number } };
    };
  };
  // (module (memory 1) (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))
  const hex = "0061736d01000000010601" + "60017f017f03020100050301000107080104" +
    "6c6f616400000a0901070020002802000b";
  const bytes = Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.load;
}

const CASES: Readonly<Record<string, () => unknown>> = {
  "before the first load"() {
    const file = mapFile(4, guard());
    file.truncate(0);
    return [firsts(file), file.entry?.faults];
  },

  "between two loads"() {
    const file = mapFile(4, guard());
    const before = firsts(file);
    file.truncate(2);
    return [before, firsts(file), file.entry?.faults];
  },

  "before a store"() {
    const file = mapFile(4, guard());
    file.truncate(1);
    file.bytes[2 * PAGE + 5] = 42; // replaces the third page and the fourth
    const stored = file.bytes[2 * PAGE + 5];
    const after = firsts(file);
    file.bytes.fill(9);
    return [stored, after, firsts(file), file.entry?.faults];
  },

  "in the middle of a page"() {
    const file = mapFile(2, guard());
    file.bytes[PAGE - 1] = 1;
    file.truncate(1);
    new DataView(file.bytes.buffer).setUint32(PAGE - 2, 0x01020304); // over the end of the page
    return [[...file.bytes.subarray(PAGE - 3, PAGE + 3)], file.entry?.faults];
  },

  "in the middle of a mapping"() {
    const file = mapFile(6, guard());
    lose(file, 1, 2);
    lose(file, 4);
    file.bytes[4 * PAGE] = 5; // before the others: what is between keeps its data
    return [firsts(file), file.entry?.faults];
  },

  "in very many places of a mapping"() {
    const PAGES = 1400;
    const file = mapFile(PAGES, guard());
    for (let page = 0; page < PAGES; page += 2) lose(file, page);
    const sevens = firsts(file).filter((byte) => byte === 7).length;
    return [sevens, file.entry?.faults];
  },

  "one page after the other"() {
    const PAGES = 1400;
    const file = mapFile(PAGES, guard());
    for (let page = 0; page < PAGES; page++) {
      lose(file, page); // after the one before was stored to, as on a full disk that can be read
      file.bytes[page * PAGE] = 1;
    }
    const again = mapFile(4, guard());
    lose(again, 0);
    return [file.entry?.faults, firsts(again), again.entry?.faults];
  },

  "in a long file"() {
    const PAGES = 2 ** 15;
    const file = mapFile(PAGES, guard());
    file.truncate(1);
    let zeros = 0;
    for (let page = 0; page < PAGES; page++) if (file.bytes[page * PAGE] === 0) zeros++;
    return [PAGES - zeros, file.entry!.faults < 16];
  },

  "that is called a fault of alignment"() {
    const file = mapFile(6, guard());
    const { handler, flags } = actionOf(SIGBUS);
    setAction(SIGBUS, { handler: misnamingHandler(handler), mask: 0n, flags });
    lose(file, 1, 2);
    lose(file, 4);
    const found = [firsts(file), file.entry?.faults];
    setAction(SIGBUS, { handler, mask: 0n, flags });
    return found;
  },

  "a fault of alignment"() {
    const counting = countingHandler();
    setAction(SIGBUS, { handler: counting.handler, mask: 0n, flags: 0 });
    const file = mapFile(2, guard());
    file.truncate(1);
    sendAlignmentFault(file.address + 1n); // the page is there
    const calls = counting.calls();
    sendAlignmentFault(file.address + BigInt(PAGE) + 1n);
    return [calls, counting.calls(), firsts(file), file.entry?.faults];
  },

  "and what was not lost stays"() {
    return (["map", "mapMut"] as const).map((call) => {
      const { path, truncate } = mapFile(32, undefined);
      const mmap = new MmapOptions().truncationGuard(isGuarded)[call](path);
      const { address, bytes } = mmap;
      lose({ address } as MappedFile, 3, 2);
      lose({ address } as MappedFile, 20);
      bytes[20 * PAGE] = bytes[4 * PAGE] = 1;
      const reach = (page: number, pages = 1) =>
        [
          () => mmap.read(new Uint8Array(pages * PAGE), page * PAGE),
          () => mmap.write(new Uint8Array(pages * PAGE).fill(9), page * PAGE),
          () => mmap.flush(page * PAGE, pages * PAGE),
          () => mmap.view(Uint8Array, page * PAGE, pages * PAGE),
          () => mmap.discard(page * PAGE, pages * PAGE),
        ].map((use) => {
          try {
            use();
            return "ok";
          } catch (error) {
            return (error as { code?: string }).code;
          }
        });
      const lost = () => [mmap.lostByteLength / PAGE, mmap.truncated];
      const before = lost();
      const found = [reach(5, 15), reach(21, 11), reach(4, 2), reach(20), reach(0, 32)];
      truncate(25);
      return [before, found, bytes[30 * PAGE], ...lost()];
    });
  },

  "in a thread that blocks SIGBUS"() {
    const signals = new Uint8Array(128);
    signals[0] = 1 << SIGBUS - 1;
    c.sigprocmask(0, signals, 0n); // SIG_BLOCK
    const file = mapFile(2, guard());
    file.truncate(0);
    return [firsts(file), file.entry?.faults];
  },

  async "while its handler is not told yet what it has replaced"() {
    const first = mapFile(2, guard());
    await guardOfCopy(true);
    // As the library leaves it before it asks the system: an action that there cannot be.
    const { handler, flags } = actionOf(SIGBUS);
    const table = viewOf(handler & -BigInt(PAGE), 1);
    const address = new DataView(table.buffer).getBigUint64(16, true);
    const replaced = new DataView(viewOf(address, 1).buffer, 216, 152);
    const before = new Uint8Array(152);
    const bytes = new Uint8Array(replaced.buffer, replaced.byteOffset, 152);
    before.set(bytes);
    bytes.fill(0);
    replaced.setBigUint64(0, 2n ** 64n - 1n, true);
    replaced.setBigUint64(8, 2n ** 64n - 1n, true);
    replaced.setInt32(136, -1, true);
    const delaying = delayingHandler(handler);
    setAction(SIGBUS, { handler: delaying.handler, mask: 0n, flags });
    first.truncate(0);
    const sum = startWorker({ kind: "view", address: first.address, pages: 2 });
    while (delaying.calls() === 0) await sleep(1);
    delaying.goOn();
    await sleep(20);
    bytes.set(before);
    return [await sum, first.entry?.faults];
  },

  "when another's handler is above, and copies"() {
    const { path, truncate } = mapFile(2, undefined);
    const mmap = new MmapOptions().truncationGuard(isGuarded).mapMut(path);
    mmap.bytes[0] = 1;
    setAction(SIGBUS, { handler: countingHandler().handler, mask: 0n, flags: 0 }); // for ever
    truncate(0);
    const codes = [() => mmap.read(new Uint8Array(1)), () => mmap.write(new Uint8Array(1))]
      .map((copy) => {
        try {
          copy();
        } catch (error) {
          return (error as { code?: string }).code;
        }
      });
    return [mmap.truncationGuarded, codes];
  },

  async "while a loop of this thread runs"() {
    const file = mapFile(64, guard());
    const child = spawn("sh", ["-c", `sleep 0.2; : > "$0"`, file.path]);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    let passes = 0;
    let sum = 7;
    for (; sum > 0; passes++) {
      sum = 0;
      for (let offset = 0; offset < file.bytes.length; offset += PAGE) sum += file.bytes[offset]!;
    }
    await ended;
    return [passes > 1, file.entry!.faults > 0, file.bytes.every((byte) => byte === 0)];
  },

  async "in four workers at once"() {
    const file = mapFile(4, guard());
    const { handler } = actionOf(SIGBUS);
    const count = rounds("truncatedFiles");
    const results = await Promise.all(
      [1, 2, 3, 4].map(() => startWorker({ kind: "own files", rounds: count })),
    );
    file.truncate(0);
    return [
      results.every((result) => JSON.stringify(result) === JSON.stringify([count, `${handler}`])),
      firsts(file),
      actionOf(SIGBUS).handler === handler,
    ];
  },

  async "in a worker when the main thread guards it"() {
    const file = mapFile(8, guard());
    file.truncate(0);
    const { address, bytes: { length } } = file;
    const sum = await startWorker({ kind: "view", address, pages: length / PAGE });
    return [sum, file.entry?.faults];
  },

  async "when the worker that guards it has ended"() {
    const file = mapFile(2, undefined);
    const { address } = file;
    if (isGuarded) await startWorker({ kind: "guard", address, pages: 2 });
    await sleep(50);
    file.truncate(1);
    return firsts(file);
  },

  async "when a thread of the runtime reads it"() {
    const file = mapFile(64, guard());
    file.truncate(1);
    const packed = await promisify(deflate)(file.bytes);
    const bytes = inflateSync(packed);
    return [bytes.length / PAGE, bytes[0], bytes[PAGE], bytes.at(-1)];
  },

  "when the kernel reads it"() {
    const file = mapFile(4, guard());
    const target = mapFile(1, undefined);
    file.truncate(1);
    const descriptor = openSync(target.path, "r+");
    let outcome: unknown;
    try {
      outcome = writeSync(descriptor, file.bytes.subarray(2 * PAGE, 3 * PAGE)) === PAGE;
    } catch (error) {
      outcome = (error as { code?: string }).code === "EFAULT" ||
        /bad address|EFAULT/i.test(`${error}`);
    }
    closeSync(descriptor);
    return [outcome, file.bytes[3 * PAGE]];
  },

  "again and again"() {
    const count = rounds("truncatedAgain");
    const { address, bytes, descriptor, entry, truncate } = mapFile(2, guard());
    truncate(0);
    let zeros = 0;
    for (let round = 0; round < count; round++) {
      zeros += bytes[PAGE] === 0 ? 1 : 0;
      // MAP_SHARED | MAP_FIXED: the file again, which is empty
      c.mmap(address, BigInt(2 * PAGE), 3, 0x11, descriptor, 0n);
    }
    return [zeros, entry?.faults];
  },

  "in the last of many mappings"() {
    const MANY = 5000; // above what one block of the table has
    const entries = Array.from({ length: MANY }, () => guard()?.add(0n, BigInt(PAGE)));
    const file = mapFile(4, guard());
    file.truncate(0);
    const before = firsts(file);
    for (const entry of entries) entry?.release();
    const again = mapFile(4, guard());
    again.truncate(0);
    return [before, file.entry?.faults, firsts(again), again.entry?.faults];
  },

  "again after it was suspended"() {
    const file = mapFile(4, guard());
    file.truncate(0);
    file.entry?.suspend();
    file.entry?.resume();
    return [firsts(file), file.entry?.faults];
  },

  "while its owner gives the memory back"() {
    const file = mapFile(4, guard());
    file.truncate(0);
    file.entry?.vacate();
    return [firsts(file), file.entry?.faults];
  },

  "after its owner could not give the memory back"() {
    const file = mapFile(4, guard());
    file.truncate(0);
    file.entry?.vacate();
    file.entry?.resume();
    return [firsts(file), file.entry?.faults];
  },

  "when its mapping is unmapped meanwhile": () => faultMeanwhile((mmap) => mmap.unmap()),

  "when its mapping becomes longer meanwhile": () =>
    faultMeanwhile((mmap) => mmap.resize(16 * PAGE)),

  "when its mapping becomes shorter meanwhile": () => faultMeanwhile((mmap) => mmap.resize(PAGE)),

  "when the last handle of its mapping is unmapped meanwhile": () =>
    faultMeanwhile((mmap) => {
      const other = Mmap.fromTicket(mmap.share());
      mmap.unmap();
      other.unmap();
    }),

  "past where it ends now"() {
    const file = mapFile(4, guard());
    file.truncate(0);
    file.entry?.endAt(file.address + BigInt(2 * PAGE));
    const within = isGuarded ? file.bytes[PAGE] : 0;
    console.log(JSON.stringify([within, file.entry?.faults]));
    return file.bytes[2 * PAGE]; // ends the process
  },

  "while it is suspended"() {
    const file = mapFile(4, guard());
    file.truncate(0);
    const gone = isGuarded ? file.bytes[2 * PAGE] : 0; // and not the first page
    file.entry?.suspend();
    console.log(JSON.stringify([gone, file.entry?.faults]));
    return file.bytes[0]; // ends the process
  },

  "past what is guarded"() {
    const file = mapFile(4, guard(), 2);
    file.truncate(0);
    const within = file.bytes[PAGE];
    console.log(JSON.stringify([within, file.entry?.faults]));
    return file.bytes[2 * PAGE]; // ends the process
  },

  "after it was released"() {
    const file = mapFile(4, guard());
    file.truncate(0);
    const gone = isGuarded ? file.bytes[2 * PAGE] : 0; // and not the first page
    file.entry?.release();
    file.entry?.release();
    console.log(JSON.stringify([gone, file.entry?.faults]));
    return file.bytes[0]; // ends the process
  },

  "in a file that nobody guards"() {
    guard();
    const file = mapFile(4, undefined);
    file.truncate(0);
    return file.bytes[0]; // ends the process
  },

  async "a fault without an address, ignored"() {
    setAction(SIGBUS, SIG_IGN);
    guard();
    const handler = faultingHandler();
    if (handler === undefined) return CASES["in a file that nobody guards"]!();
    setAction(SIGUSR2, { handler, mask: 0n, flags: SA_ONSTACK });
    c.kill(process.pid, SIGUSR2); // ends the process
    await sleep(50);
    return "alive";
  },

  async "in the first process of a container"() {
    setAction(SIGBUS, SIG_DFL);
    const file = mapFile(2, guard());
    const { handler } = actionOf(SIGBUS);
    await sendSigbus();
    const isThere = actionOf(SIGBUS).handler === handler;
    file.truncate(0);
    return [process.pid, isThere, firsts(file), file.entry?.faults];
  },

  async "in a file that nobody guards, which is as long again by then"() {
    setAction(SIGBUS, SIG_DFL);
    guard();
    const file = mapFile(2, undefined);
    const { handler, flags } = actionOf(SIGBUS);
    const delaying = delayingHandler(handler);
    setAction(SIGBUS, { handler: delaying.handler, mask: 0n, flags });
    file.truncate(0);
    const sum = startWorker({ kind: "view", address: file.address, pages: 2 });
    while (delaying.calls() === 0) await sleep(1);
    file.truncate(2);
    delaying.goOn(); // ends the process
    return await sum;
  },

  async "SIGBUS that someone sends"() {
    guard();
    await sendSigbus();
    await sendSigbus(); // Deno's own handler, which is Rust's, takes the first and removes itself
    return "alive";
  },

  async "SIGBUS that someone sends, by default"() {
    setAction(SIGBUS, SIG_DFL);
    guard();
    await sendSigbus();
    return "alive";
  },

  async "SIGBUS that someone sends, ignored"() {
    setAction(SIGBUS, SIG_IGN);
    const file = mapFile(1, guard());
    await sendSigbus();
    file.truncate(0);
    return file.bytes[0];
  },

  "in a file that nobody guards, ignored"() {
    setAction(SIGBUS, SIG_IGN);
    return CASES["in a file that nobody guards"]!();
  },

  "in a file that nobody guards, by default"() {
    setAction(SIGBUS, SIG_DFL);
    return CASES["in a file that nobody guards"]!();
  },

  async "a handler that was there before"() {
    const counting = countingHandler();
    setAction(SIGBUS, { handler: counting.handler, mask: 1n << BigInt(SIGUSR2 - 1), flags: 0 });
    const file = mapFile(2, guard());
    await sendSigbus();
    await sendSigbus();
    file.truncate(0);
    const bit = (signal: number) => Number(counting.mask() >> BigInt(signal - 1) & 1n);
    return [counting.calls(), bit(SIGBUS), bit(SIGUSR2), firsts(file), counting.calls()];
  },

  async "a handler for once that was there before"() {
    const counting = countingHandler();
    // SA_SIGINFO | SA_NODEFER | SA_RESETHAND
    setAction(SIGBUS, { handler: counting.handler, mask: 0n, flags: 0xc000_0004 | 0 });
    guard();
    await sendSigbus();
    const isDeferred = Number(counting.mask() >> BigInt(SIGBUS - 1) & 1n);
    console.log(JSON.stringify([counting.calls(), isDeferred]));
    await sendSigbus(); // ends the process
    return "alive";
  },

  async "after a handler that was there before has set the default"() {
    setAction(SIGBUS, { handler: resettingHandler(), mask: 0n, flags: 0 });
    const file = mapFile(2, guard());
    const { handler } = actionOf(SIGBUS);
    await sendSigbus();
    const isThere = actionOf(SIGBUS).handler === handler;
    file.truncate(0);
    return [isThere, firsts(file), file.entry?.faults];
  },

  async "a handler that sets the default, which was there before"() {
    setAction(SIGBUS, { handler: resettingHandler(), mask: 0n, flags: 0 });
    guard();
    await sendSigbus();
    console.log("alive");
    await sendSigbus(); // ends the process
    return "alive";
  },

  async "another version of the code below"() {
    return await besideAnother("below");
  },

  async "another version of the code above"() {
    return await besideAnother("above");
  },

  async "a copy of the module"() {
    const first = mapFile(2, guard());
    const before = actionOf(SIGBUS);
    const second = mapFile(2, await guardOfCopy());
    const isOne = before.handler === actionOf(SIGBUS).handler;
    first.truncate(0);
    second.truncate(0);
    return [isOne, firsts(first), first.entry?.faults, firsts(second), second.entry?.faults];
  },

  "traps of WebAssembly"() {
    const segv = actionOf(SIGSEGV);
    const file = mapFile(2, guard());
    const isSame = JSON.stringify(segv, stringify) === JSON.stringify(actionOf(SIGSEGV), stringify);
    const load = wasmLoad();
    let traps = 0;
    for (let index = 0; index < 1000; index++) {
      try {
        load(65_536 + index);
      } catch (error) {
        traps += (error as Error).name === "RuntimeError" ? 1 : 0;
      }
    }
    file.truncate(0);
    return [isSame, traps, load(0), firsts(file), file.entry?.faults];
  },
};

function stringify(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}

/** The guard of a copy of its module, which is in a folder of its own, with other code if asked for. */
async function guardOfCopy(isOther = false): Promise<TruncationGuard | undefined> {
  const { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = await import(
    "node:fs"
  );
  const { tmpdir } = await import("node:os");
  const { fileURLToPath, pathToFileURL } = await import("node:url");
  const folder = mkdtempSync(`${tmpdir()}/sysalloc-`);
  process.on("exit", () => rmSync(folder, { recursive: true }));
  cpSync(fileURLToPath(new URL("../../ffi", import.meta.url)), `${folder}/ffi`, {
    recursive: true,
  });
  writeFileSync(`${folder}/package.json`, '{ "type": "module" }'); // older versions do not detect it
  const inCopy = (name: string) =>
    // a bundle has the sources beside it
    ["ts", "js"].map((ending) => `${folder}/ffi/os/linux/${name}.${ending}`).find(existsSync)!;
  if (isOther) { // a later version, in its magic number, "guard 1"
    const code = inCopy("truncation_guard_code");
    writeFileSync(
      code,
      readFileSync(code, "utf8").replaceAll("c3lzYWxsb2MgZ3VhcmQgM", "c3lzYWxsb2MgZ3VhcmQgN"),
    );
  }
  const copy = await import(
    pathToFileURL(inCopy("truncation_guard")).href
  ) as typeof import("../../ffi/os/linux/truncation_guard.ts");
  const { runtime } = host();
  const file = "libc.so.6";
  return copy.truncationGuard({
    native: runtime,
    file,
    open: openLibrary(runtime, file),
    failed: (syscall) => ({ syscall, osError: undefined, code: "UNKNOWN" }),
    arch: process.arch,
    pageSize: PAGE,
  });
}

/** Installs this module's handler and another one, and lets both have faults. */
async function besideAnother(place: "below" | "above"): Promise<unknown> {
  const original = actionOf(SIGBUS).handler;
  const other = place === "below" ? await guardOfCopy(true) : undefined;
  const own = guard();
  const last = other ?? await guardOfCopy(true);
  const files = [mapFile(2, own), mapFile(2, last)];
  const workers = await Promise.all(
    [1, 2].map(() => startWorker({ kind: "own files", rounds: 20 })),
  );
  for (const file of files) file.truncate(0);
  return [
    original !== actionOf(SIGBUS).handler,
    files.map((file) => [...firsts(file), file.entry?.faults]),
    workers.map((result) => (result as [number])[0]),
  ];
}

process.exitCode = 1;
for (const name of names) console.log(JSON.stringify([name, await CASES[name]!()]));
process.exit(0);
