/**
 * Memory that threads share: handed to a worker, and named memory made.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { Mmap, MmapOptions, type MmapTicket, removeShared } from "../../mod.ts";
import { loadByFfi, shareByFfi } from "./floor_sharing.ts";
import { allInC } from "./in_c.ts";
import { serve, type Task, type Work } from "./serve.ts";

/** The message to the worker: memory, where it is, or one that is as long as a ticket. */
type Message =
  | MmapTicket
  | ArrayBuffer
  | SharedArrayBuffer
  | { readonly last: number }
  | { readonly address: bigint };

/** Takes what came, and looks at its last byte. */
function lastOf(message: Message): number {
  if (message instanceof ArrayBuffer || message instanceof SharedArrayBuffer) {
    return new Uint8Array(message, message.byteLength - 1)[0]!;
  }
  if ("last" in message) return message.last;
  if ("address" in message) return loadByFfi(message.address);
  const mmap = Mmap.fromTicket(message);
  const last = new Uint8Array(1);
  mmap.read(last, mmap.byteLength - 1); // V8 collects for a view of so much, which is not the ticket's cost
  mmap.unmap();
  return last[0]!;
}

function works(): Record<string, Work> {
  let worker: Worker | undefined;
  const send = (message: Message) =>
    new Promise<number>((resolve) => {
      worker ??= new Worker(new URL(import.meta.url));
      worker.once("message", resolve);
      worker.postMessage(message);
    });
  /** Hands over as often as asked; each time the worker has taken it and answered. */
  const handing = (
    prepare: (task: Task) => { message: () => Message; end?: () => void },
  ): Work =>
  async (task) => {
    const { message, end = () => {} } = prepare(task);
    await send({ last: 0 }); // it is there
    return {
      async run() {
        let last = 0;
        for (let index = 0; index < task.operations; index++) last = await send(message());
        return last;
      },
      end,
    };
  };
  return {
    ...allInC("share-named"),
    "ticket/hand-over": handing(({ size }) => {
      const mmap = new MmapOptions({ len: size, noReserve: true }).mapAnon();
      mmap.view(Uint8Array, size - 1, 1)[0] = 1;
      return { message: () => mmap.share(), end: () => mmap.unmap() };
    }),
    "floor/hand-over": handing(({ size }) => {
      const mmap = new MmapOptions({ len: size, noReserve: true }).mapAnon();
      mmap.view(Uint8Array, size - 1, 1)[0] = 1;
      const address = mmap.address + BigInt(size - 1);
      return { message: () => ({ address }), end: () => mmap.unmap() };
    }),
    "message/hand-over": handing(() => {
      const plain = { slot: 1, key: "0".repeat(32), last: 1 };
      return { message: () => ({ ...plain }) };
    }),
    "shared/hand-over": handing(({ size }) => {
      const buffer = new SharedArrayBuffer(size);
      new Uint8Array(buffer)[size - 1] = 1;
      return { message: () => buffer };
    }),
    "clone/hand-over": handing(({ size }) => {
      const { buffer } = new Uint8Array(size).fill(1);
      return { message: () => buffer };
    }),
    "sysalloc/share-named": named(shareBySysalloc),
    "floor/share-named": named(shareByFfi),
  };
}

const named =
  (share: (name: string, byteLength: number) => number): Work => ({ size, operations }) => {
    const prefix = `sysalloc-bench-${randomUUID()}`;
    return {
      run() {
        let first = 0;
        for (let index = 0; index < operations; index++) first = share(`${prefix}-${index}`, size);
        return first;
      },
    };
  };

function shareBySysalloc(name: string, byteLength: number): number {
  const mmap = new MmapOptions({ len: byteLength }).mapShared(name, { mode: "create" });
  removeShared(name);
  const bytes = mmap.view(Uint8Array, 0, 1);
  bytes[0] = 1;
  const first = bytes[0]!;
  mmap.unmap();
  return first;
}

if (isMainThread) await serve(works());
else parentPort!.on("message", (message: Message) => parentPort!.postMessage(lastOf(message)));
