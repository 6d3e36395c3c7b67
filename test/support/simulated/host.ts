/**
 * The library's core on a simulated system, in the place of the one that it runs on.
 *
 * @module
 */
import { releaseHeldRanges } from "../../../core/lifetime/held_ranges.ts";
import { currentRuntime, host, runtimeFiles, runtimeThreads } from "../../../ffi/host.ts";
import type { Os } from "../../../ffi/os/contract/os.ts";
import type { RuntimeThreads, ThreadListener } from "../../../ffi/runtime/threads.ts";
import { isMapped, withoutRegions } from "../memory_map.ts";
import { FILE_BYTE_LENGTH, FILE_IDENTITY, FIRST_FILE, type SimulatedSystem } from "./kernel.ts";

/** Simulated threads: one that has a deadline meets it, any other is called back. */
const SIMULATED_THREADS: RuntimeThreads = {
  needs: { descriptors: 12, addressBytes: 2 ** 30, dataBytes: 2 ** 29, threads: 0 },
  isShortage: () => false,
  start(_source, _data, listener) {
    simulatedListeners.push(listener);
    return {
      post(message) {
        const { number, job } = message as {
          readonly number: number;
          readonly job: { readonly deadline?: bigint };
        };
        const ending = job.deadline === undefined ? "cancelled" : "elapsed";
        const report = { kind: "ending", ending };
        setTimeout(() => listener.message({ number, report }), 0);
      },
      hold: () => {},
      end: () => {},
    };
  },
};
const simulatedListeners: ThreadListener[] = [];

type Unmapping = Pick<Os, "unmap" | "vacate">;

/** A simulated system, with what of the real one is left to that. */
function withReal({ os: simulated, kernel }: SimulatedSystem, real: Os): Os {
  const isReal = (address: bigint) =>
    kernel.space.at(address) === undefined && withoutRegions() === undefined && isMapped(address);
  const besides = <M extends Unmapping>(ofSimulated: M, ofReal: Unmapping): M => {
    const of = (address: bigint) => isReal(address) ? ofReal : ofSimulated;
    const calls: Unmapping = {
      unmap: (address, byteLength) => of(address).unmap(address, byteLength),
      vacate: (address, ...rest) => of(address).vacate(address, ...rest),
    };
    return Object.assign(Object.create(ofSimulated), calls);
  };
  return Object.defineProperties(besides(simulated, real), {
    // What is left is looked for after so many calls of all tests, by mappings of 1 TiB.
    room: { value: undefined },
    mirrors: { get: () => besides(simulated.mirrors, real.mirrors) },
    files: {
      get: () => {
        const close: Os["files"]["close"] = (file) =>
          (file < FIRST_FILE ? real : simulated).files.close(file);
        return Object.assign(besides(simulated.files, real.files), { close });
      },
    },
  });
}

/**
 * Runs the core on a simulated system. Tests before have dropped mappings of the
 * real one, which the collector finds at any time: these are unmapped there.
 */
export async function on(system: SimulatedSystem, body: () => void | Promise<void>): Promise<void> {
  const { runtime } = system;
  releaseHeldRanges(); // those of the real system
  const opened = host();
  const engine = currentRuntime();
  const files = runtimeFiles();
  const facts = { kind: "file", byteLength: FILE_BYTE_LENGTH };
  const { device, inode } = FILE_IDENTITY;
  const changes: readonly (readonly [object: object, change: object])[] = [
    [opened, { os: withReal(system, opened.os), runtime }],
    [engine, {
      view: (address: bigint, byteLength: number) => runtime.view(address, byteLength),
      maxHeldByteLength: Number.MAX_SAFE_INTEGER,
    }],
    [runtimeThreads(), SIMULATED_THREADS],
    [files, {
      permitsAll: () => false,
      open: () => ({ ...facts, device, inode, close() {} }),
      permit: () => {},
      describe: () => facts,
      systemPaths: (path: string) => [path],
    }],
  ];
  const originals = changes.map(([object]) => ({ ...object }));
  const hadDescribe = files.describe !== undefined;
  try {
    for (const [object, change] of changes) Object.assign(object, change);
    await body();
  } finally {
    releaseHeldRanges(); // those of this one, where a test has failed
    while (simulatedListeners.length > 0) simulatedListeners.pop()!.ended(undefined);
    changes.forEach(([object], index) => Object.assign(object, originals[index]));
    if (!hadDescribe) Reflect.deleteProperty(files, "describe");
  }
}
