/**
 * SIGBUS that others send, and the handlers of others.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { MmapOptions } from "../../mod.ts";
import {
  actionOf,
  c,
  countingHandler,
  delayingHandler,
  faultingHandler,
  mapFile,
  misnamingHandler,
  PAGE,
  resettingHandler,
  sendAlignmentFault,
  setAction,
} from "./mapped_file.ts";
import {
  type Cases,
  firsts,
  guard,
  isGuarded,
  lose,
  sendSigbus,
  SIG_DFL,
  SIG_IGN,
  SIGBUS,
  startWorker,
} from "./process.ts";

const SIGSEGV = 11;
const SIGUSR2 = 12;
const SA_ONSTACK = 0x0800_0000;

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

function stringify(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}

/** Loads where a file is truncated that nobody guards, which ends the process. */
function loadUnguarded(): unknown {
  guard();
  const file = mapFile(4, undefined);
  file.truncate(0);
  return file.bytes[0];
}

export const signals: Cases = {
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

  "before a mapped file is used"() {
    const { path } = mapFile(2, undefined);
    const before = actionOf(SIGBUS).handler;
    const isAsBefore = () => actionOf(SIGBUS).handler === before;
    const mmap = new MmapOptions().truncationGuard(isGuarded).map(path);
    return [mmap.truncationGuarded, isAsBefore(), mmap.bytes[0], isAsBefore()];
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

  async "a fault without an address, ignored"() {
    setAction(SIGBUS, SIG_IGN);
    guard();
    const handler = faultingHandler();
    if (handler === undefined) return loadUnguarded();
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

  "in a file that nobody guards": loadUnguarded,

  "in a file that nobody guards, ignored"() {
    setAction(SIGBUS, SIG_IGN);
    return loadUnguarded();
  },

  "in a file that nobody guards, by default"() {
    setAction(SIGBUS, SIG_DFL);
    return loadUnguarded();
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
};
