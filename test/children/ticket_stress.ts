// Has workers hand mappings around at random, and prints what it came to:
// whether every content was right, and what is left mapped. The arguments are
// how many mappings and how many milliseconds.
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { heldRanges } from "../../core/lifetime/held_totals.ts";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { Mmap, MmapError, MmapOptions, type MmapTicket } from "../../mod.ts";
import { collectUntil } from "../support/harness.ts";
import { regions } from "../support/memory_map.ts";
import { slotsInUse } from "../support/slots_in_use.ts";

const WORKERS = 8;
const LENGTH = 16_384;
/** All mappings lie from here on, where no runtime maps anything of its own. */
const START = 0x5200_0000_0000n;
const STRIDE = 65_536n;
/** The most handles that a worker keeps. */
const MOST_HANDLES = 2500;

interface Counts {
  taken: number;
  released: number;
  refused: number;
  doubled: number;
  dropped: number;
  wrong: number;
}

/** A message to a worker: a ticket and the number of its mapping, or a word. */
type Message =
  | { readonly kind: "ticket"; readonly ticket: MmapTicket; readonly index: number }
  | { readonly kind: "stop" | "close" };
/** A message from a worker. */
type Answer =
  | { readonly kind: "ticket"; readonly to: number; readonly ticket: MmapTicket; index: number }
  | { readonly kind: "stopped" }
  | { readonly kind: "closed"; readonly counts: Counts; readonly held: number };

/** Counts what is mapped of where the mappings were. */
function inWindow(count: number): number {
  const past = START + STRIDE * BigInt(count);
  return regions().filter(({ start, end }) => start < past && end > START).length;
}

if (isMainThread) await direct();
else work();

/** Starts the workers, maps, and passes on what they send to each other. */
async function direct(): Promise<void> {
  const [count, milliseconds] = process.argv.slice(2).map(Number) as [number, number];
  const mappings = Array.from({ length: count }, (_, index) => {
    const hint = START + STRIDE * BigInt(index);
    return new MmapOptions({ len: LENGTH, hint, strict: true }).mapAnon();
  });
  const mapped = inWindow(count);
  const totals: Counts = {
    taken: 0,
    released: 0,
    refused: 0,
    doubled: 0,
    dropped: 0,
    wrong: 0,
  };
  let [stopped, closed, held] = [0, 0, 0];
  let end = (): void => {};
  const over = new Promise<void>((resolve) => end = resolve);
  const workers = Array.from({ length: WORKERS }, (_, id) => {
    const program = fileURLToPath(import.meta.url);
    const worker = new Worker(program, { workerData: { id } });
    worker.on("error", (error) => {
      console.error(error);
      process.exit(1);
    });
    worker.on("message", (answer: Answer) => {
      if (answer.kind === "ticket") {
        const { to, ticket, index } = answer;
        workers[to]!.postMessage({ kind: "ticket", ticket, index } satisfies Message);
      } else if (answer.kind === "stopped") {
        // All that they sent before has been passed on.
        if (++stopped === WORKERS) tell("close");
      } else {
        for (const name of Object.keys(totals) as (keyof Counts)[]) {
          totals[name] += answer.counts[name];
        }
        held += answer.held;
        if (++closed === WORKERS) end();
      }
    });
    return worker;
  });
  const tell = (kind: "stop" | "close") => {
    for (const worker of workers) worker.postMessage({ kind } satisfies Message);
  };
  mappings.forEach((mmap, index) => {
    const words = mmap.view(Int32Array);
    words.fill(index);
    words[0] = 1;
    workers[index % WORKERS]!.postMessage(
      { kind: "ticket", ticket: mmap.share(), index } satisfies Message,
    );
    mmap.unmap(); // from here on the workers alone have it
  });
  mappings.length = 0;
  releaseHeldRanges(); // no call has a view
  setTimeout(() => tell("stop"), milliseconds);
  await over;
  const left = inWindow(count);
  for (const worker of workers) await worker.terminate();
  console.log(JSON.stringify({ ...totals, mapped, left, slots: slotsInUse(), held }));
  process.exit(0);
}

/** Takes what comes, checks it, and passes it on. */
function work(): void {
  const { id } = workerData as { readonly id: number };
  const counts: Counts = { taken: 0, released: 0, refused: 0, doubled: 0, dropped: 0, wrong: 0 };
  const handles: { readonly mmap: Mmap; readonly index: number }[] = [];
  let isStopped = false;
  const random = (below: number) => Math.floor(Math.random() * below);
  const post = (answer: Answer) => parentPort!.postMessage(answer);
  const spot = new Int32Array(1);
  let uncollected = 0;
  const collected = new FinalizationRegistry(() => uncollected--);

  const check = (mmap: Mmap, index: number) => {
    const at = 4 * (1 + random(LENGTH / 4 - 1));
    if (random(3) === 0) {
      const words = mmap.view(Int32Array);
      Atomics.add(words, 0, 1);
      if (words[at / 4] !== index || words.length !== LENGTH / 4) counts.wrong++;
    } else {
      mmap.read(spot, at);
      if (spot[0] !== index) counts.wrong++;
    }
  };

  const take = (ticket: MmapTicket, index: number): boolean => {
    try {
      if (random(20) === 0) {
        Mmap.release(ticket);
        counts.released++;
        return true;
      }
      const mmap = Mmap.fromTicket(ticket);
      counts.taken++;
      check(mmap, index);
      handles.push({ mmap, index });
      return true;
    } catch (error) {
      if (!(error instanceof MmapError) || error.code !== "EBADF") throw error;
      counts.refused++;
      return false;
    }
  };

  const passOn = () => {
    const at = random(handles.length);
    const { mmap, index } = handles[at]!;
    const kind = random(16);
    const ticket = mmap.share();
    post({ kind: "ticket", to: random(WORKERS), ticket, index });
    if (kind === 0) {
      counts.doubled++; // one of the two comes too late
      post({ kind: "ticket", to: random(WORKERS), ticket, index });
    }
    const isKept = kind < 4 && handles.length < MOST_HANDLES;
    if (isKept) {
      try {
        mmap.unsafeProtect("read");
        mmap.unsafeProtect("read-write"); // whoever took it has closed it already
      } catch (error) {
        if (!(error instanceof MmapError) || error.code !== "EBUSY") throw error;
      }
      return;
    }
    handles[at] = handles.at(-1)!;
    handles.pop();
    if (kind === 4) {
      counts.dropped++;
      uncollected++;
      collected.register(mmap, undefined);
    } else mmap.unmap();
  };

  const close = async () => {
    for (const { mmap } of handles) mmap.unmap();
    handles.length = 0;
    // Finalizers come late on a busy machine, and in Bun, where old words on the
    // stack count as references.
    await collectUntil(() => uncollected === 0 && heldRanges().count <= 2, 400);
    const held = heldRanges().count;
    releaseHeldRanges(); // the last one or two can still be in a register
    post({ kind: "closed", counts, held });
  };

  parentPort!.on("message", (message: Message) => {
    if (message.kind === "ticket") {
      // One for one, so that no queue grows; but the second of two that are the same ends here.
      const isValid = take(message.ticket, message.index);
      if (isValid && !isStopped && handles.length > 0) passOn();
    } else if (message.kind === "stop") {
      isStopped = true;
      post({ kind: "stopped" });
    } else close();
  });
  void id;
}
