// Does with tickets what the main thread asks for, and answers each request.
import { parentPort } from "node:worker_threads";
import { heldRanges } from "../../core/lifetime/held_totals.ts";
import { Mmap, MmapError, type MmapTicket } from "../../mod.ts";
import { collectUntil } from "../support/harness.ts";

/** A request of the main thread. */
export interface Request {
  readonly take?: MmapTicket;
  /** Makes a view of what was taken last, and stores this to its first byte. */
  readonly store?: number;
  readonly share?: true;
  readonly unmap?: true;
  /** Forgets the handle without unmapping it. */
  readonly drop?: true;
  readonly collect?: true;
  /** The error that the handle's call of this name throws. */
  readonly codeOf?: "protect" | "resize";
}

let mmap: Mmap | undefined;
/** The number of handles that were dropped, and not collected yet. */
let uncollected = 0;
const collected = new FinalizationRegistry(() => uncollected--);

async function answer(request: Request): Promise<unknown> {
  if (request.take !== undefined) mmap = Mmap.fromTicket(request.take);
  if (request.store !== undefined) mmap!.view(Uint8Array, 0, 1)[0] = request.store;
  if (request.share) return mmap!.share();
  if (request.codeOf !== undefined) {
    if (request.codeOf === "protect") mmap!.unsafeProtect("read");
    else mmap!.resize(mmap!.byteLength);
  }
  if (request.unmap) mmap!.unmap();
  if (request.drop) {
    uncollected++;
    collected.register(mmap!, undefined);
  }
  if (request.unmap || request.drop) mmap = undefined;
  if (request.collect) {
    await collectUntil(() => uncollected === 0 && heldRanges().count === 0, 20);
  }
  return [mmap?.access, mmap?.byteLength, mmap?.address, mmap?.truncated];
}

parentPort!.on("message", async (request: Request) => {
  try {
    parentPort!.postMessage({ value: await answer(request) });
  } catch (error) {
    const code = error instanceof MmapError ? error.code : String(error);
    parentPort!.postMessage({ code });
  }
});
