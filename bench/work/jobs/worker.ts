/**
 * Memory that goes to a worker, is changed there, and comes back.
 *
 * @module
 */
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { Mmap, MmapOptions, type MmapTicket } from "../../../mod.ts";
import { PAGE } from "../common.ts";
import { serveJob, type Way } from "./job.ts";

/** The memory and the ways of the messages. */
interface Message {
  readonly memory: MmapTicket | ArrayBuffer | SharedArrayBuffer;
  /** True if the buffer moves: it is copied otherwise. */
  readonly isMoved: boolean;
}

const isBuffer = (memory: Message["memory"]) =>
  memory instanceof ArrayBuffer || memory instanceof SharedArrayBuffer;

if (isMainThread) {
  await serveJob({
    "sysalloc/worker": handing((size) => {
      const mmap = new MmapOptions({ len: size }).mapAnon();
      return { bytes: mmap.bytes, message: () => ({ memory: mmap.share(), isMoved: false }) };
    }),
    "shared/worker": handing((size) => {
      const memory = new SharedArrayBuffer(size);
      return { bytes: new Uint8Array(memory), message: () => ({ memory, isMoved: false }) };
    }),
    "transfer/worker": handing((size) => {
      const memory = new ArrayBuffer(size);
      return { bytes: new Uint8Array(memory), message: () => ({ memory, isMoved: true }) };
    }),
    "clone/worker": handing((size) => {
      const memory = new ArrayBuffer(size);
      return { bytes: new Uint8Array(memory), message: () => ({ memory, isMoved: false }) };
    }),
  });
} else {
  parentPort!.on("message", ({ memory, isMoved }: Message) => {
    const bytes = isBuffer(memory) ? new Uint8Array(memory) : Mmap.fromTicket(memory).bytes;
    for (let at = 0; at < bytes.length; at += PAGE) bytes[at]!++;
    // What both have need not come back.
    const back = memory instanceof ArrayBuffer ? memory : undefined;
    parentPort!.postMessage(back, isMoved ? [memory as ArrayBuffer] : []);
  });
}

/** Fills the memory before the time; adds what the worker has changed. */
function handing(make: (size: number) => { bytes: Uint8Array; message: () => Message }): Way {
  return async ({ size }) => {
    const worker = new Worker(new URL(import.meta.url));
    const ask = (message: Message) =>
      new Promise<ArrayBuffer | undefined>((resolve) => {
        worker.once("message", resolve);
        const moved = message.isMoved ? [message.memory as ArrayBuffer] : [];
        worker.postMessage(message, moved);
      });
    await ask({ memory: new ArrayBuffer(PAGE), isMoved: false }); // it is there
    const { bytes, message } = make(size);
    bytes.fill(1);
    return {
      async run() {
        const back = await ask(message());
        const changed = back === undefined ? bytes : new Uint8Array(back);
        let sum = 0;
        for (let at = 0; at < size; at += PAGE) sum += changed[at]!;
        return sum;
      },
      end: async () => void await worker.terminate(),
    };
  };
}
