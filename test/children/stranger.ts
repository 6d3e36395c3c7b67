// The other thread of the model: see `test/model/stranger.ts`.
import { parentPort, workerData } from "node:worker_threads";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { type Access, Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import {
  ASKED,
  CALLS,
  FAILED,
  GIVEN,
  HEAD,
  LETTER_WORDS,
  LETTERS,
  MAY_LOCK,
  MAY_STORE,
  type StrangerData,
} from "../model/stranger.ts";
import { STRANGER_AT } from "../model/world.ts";
import { randomBelow } from "../support/random.ts";
import { loadTicket, TICKET_WORDS } from "../support/ticket_words.ts";

/** A handle, and what it must tell as long as it is open. */
interface Handle {
  readonly mmap: Mmap;
  readonly address: bigint;
  byteLength: number;
  /** By page. */
  access: Access[];
  readonly allowed: number;
  /** True if no other thread has the memory: its own mappings. */
  readonly isOwn: boolean;
  /** The value of all bytes of its own mapping. */
  fill: number;
}

const MOST_HANDLES = 8;
const PAGE = pageSize();
const ADVICES = ["normal", "random", "sequential", "will-need", "dont-dump", "do-dump"] as const;
const { seed, words, text } = workerData as StrangerData;
const handles: Handle[] = [];
const random = randomBelow(seed);
let last = "";

function call(name: string, allowed: readonly string[], body: () => void): boolean {
  last = name;
  Atomics.add(words, CALLS, 1);
  try {
    body();
    return true;
  } catch (error) {
    if (error instanceof MmapError && allowed.includes(error.code)) return false;
    throw error;
  }
}

function accessesOf(mmap: Mmap): Access[] {
  return Array.from(
    { length: Math.ceil(mmap.byteLength / PAGE) },
    (_, page) => mmap.accessAt(Math.min(page * PAGE, mmap.byteLength - 1)),
  );
}

function add(mmap: Mmap, allowed: number, isOwn: boolean): void {
  const { address, byteLength } = mmap;
  const access = accessesOf(mmap);
  handles.push({ mmap, address, byteLength, access, allowed, isOwn, fill: 0 });
}

/** Takes a ticket that waits; tells whether there was one. */
function take(): boolean {
  for (let letter = 0; letter < LETTERS; letter++) {
    const at = HEAD + letter * LETTER_WORDS;
    if (Atomics.load(words, at) !== 1) continue;
    const ticket = loadTicket(words, at + 1);
    const allowed = words[at + 1 + TICKET_WORDS]!;
    Atomics.store(words, at, 0);
    if (random(8) === 0) call("release()", [], () => Mmap.release(ticket));
    else call("fromTicket()", [], () => add(Mmap.fromTicket(ticket), allowed, false));
    return true;
  }
  return false;
}

function close(index: number): void {
  const { mmap } = handles[index]!;
  handles[index] = handles.at(-1)!;
  handles.pop();
  call("unmap()", [], () => mmap.unmap());
}

/** Maps memory of the engine, and unmaps it. In Bun only the main thread does. */
function mapBuffer(options: MmapOptions): void {
  call("sharedBuffer()", ["ENOTSUP", "ENOMEM"], () => {
    const mmap = options.sharedBuffer().mapAnon();
    const { bytes } = mmap;
    const byte = 1 + random(255);
    if (bytes.some((byte) => byte !== 0)) throw new Error("a shared buffer is not empty");
    bytes.fill(byte);
    if (bytes.some((found) => found !== byte)) throw new Error("a shared buffer was changed");
    mmap.unmap();
  });
}

function map(): void {
  const options = new MmapOptions({ len: PAGE * (1 + random(6)) });
  if (random(32) === 0) return mapBuffer(options);
  const kind = random(4);
  call("map", ["ENOMEM", "EAGAIN"], () => {
    add(
      kind === 0
        ? options.reserve()
        : kind === 1
        ? options.guard(PAGE).mapAnon()
        : options.mapAnon(),
      MAY_STORE,
      true,
    );
  });
}

/** Its own mappings must be as it left them. */
function useOwn(handle: Handle): void {
  const { mmap } = handle;
  const isWritable = handle.access.every((access) => access === "read-write");
  switch (random(6)) {
    case 0:
      call("protect()", [], () => mmap.unsafeProtect(random(2) === 0 ? "read" : "read-write"));
      break;
    case 1:
      if (!isWritable) return;
      call("fill()", [], () => mmap.bytes.fill(handle.fill = 1 + random(255)));
      return;
    case 2: {
      const before = handle.byteLength;
      const length = PAGE * (1 + random(8));
      // Guard pages, and none without access, are not moved.
      if (!isWritable || !call("resize()", ["ENOTSUP"], () => mmap.resize(length))) return;
      if (length > before) {
        const added = new Uint8Array(length - before);
        mmap.read(added, before);
        if (added.findIndex((byte) => byte !== 0) >= 0) throw new Error("What is new is not zero");
        mmap.write(added.fill(handle.fill), before);
      }
      break;
    }
    case 3:
      call("commit()", [], () => mmap.commit(0, mmap.byteLength));
      break;
    default: {
      if (!isWritable) return;
      const copy = new Uint8Array(handle.byteLength);
      call("read()", [], () => mmap.read(copy));
      // Of a reserve that was committed it is what was never filled.
      const wrong = copy.findIndex((byte) => byte !== handle.fill);
      if (wrong >= 0) throw new Error(`Byte ${wrong} is ${copy[wrong]}, not ${handle.fill}`);
      return;
    }
  }
  handle.access = accessesOf(mmap);
  handle.byteLength = mmap.byteLength;
  (handle as { address: bigint }).address = mmap.address;
}

/** Memory that another handle shares must tell the same as long as this one is open. */
function useLent(handle: Handle): void {
  const { mmap, allowed, access, byteLength } = handle;
  const page = random(access.length);
  const at = page * PAGE + STRANGER_AT;
  const own = access[page]!;
  const isWord = (allowed & MAY_STORE) !== 0 && at + 4 <= byteLength && own === "read-write";
  switch (random(12)) {
    case 0:
      if (isWord) call("write()", [], () => mmap.write(Int32Array.of(random(2 ** 30)), at));
      return;
    case 1:
    case 2:
      if (isWord) {
        call("view()", [], () => Atomics.store(mmap.view(Int32Array, at, 1), 0, random(2 ** 30)));
      }
      return;
    case 3: {
      if (own === "none") return;
      const copy = new Uint8Array(Math.min(64, byteLength - page * PAGE));
      // Where the first byte is not that of a page, they can be of two.
      const isMixed = access.some((other) => other !== own);
      call("read()", isMixed ? ["EACCES"] : [], () => mmap.read(copy, page * PAGE));
      return;
    }
    case 4:
      if (isWord) call("wait()", [], () => mmap.wait(at, random(2), random(2) * 0.1));
      return;
    case 5:
      if (isWord) call("notify()", [], () => mmap.notify(at));
      return;
    case 6:
      call("advise()", ["ENOTSUP", "EINVAL", "ENOMEM", "EAGAIN"], () => {
        mmap.advise(ADVICES[random(ADVICES.length)]!);
      });
      return;
    case 7:
      if ((allowed & MAY_LOCK) === 0) return;
      if (random(2) === 0) call("unlock()", [], () => mmap.unlock());
      else call("lock()", ["EACCES", "ENOMEM", "EAGAIN", "EPERM"], () => mmap.lock());
      return;
    case 8:
      call("resident()", [], () => mmap.resident());
      return;
    case 9:
      call("share()", [], () => {
        const ticket = mmap.share();
        if (random(2) === 0) Mmap.release(ticket);
        else Mmap.fromTicket(ticket).unmap();
      });
      return;
    default: {
      // As long as another one has it, it must not change.
      const others = ["EBUSY", "ENOTSUP", "EACCES", "EFAULT", "EINVAL", "ENOMEM", "EAGAIN"];
      const change = random(3);
      call(["protect()", "decommit()", "resize()"][change]!, others, () => {
        if (change === 0) mmap.unsafeProtect("read");
        else if (change === 1) mmap.decommit(0, byteLength);
        else mmap.resize(byteLength > PAGE ? byteLength - PAGE : byteLength);
      });
      handle.access = accessesOf(mmap);
      handle.byteLength = mmap.byteLength;
      (handle as { address: bigint }).address = mmap.address;
    }
  }
}

function check({ mmap, address, byteLength, access }: Handle): void {
  if (mmap.address !== address || mmap.byteLength !== byteLength) {
    throw new Error(`A handle moved: ${mmap.address}, ${mmap.byteLength} bytes`);
  }
  const wrong = accessesOf(mmap).findIndex((one, page) => one !== access[page]);
  if (wrong >= 0) throw new Error(`The access of page ${wrong} changed`);
}

function step(): void {
  if (take()) return;
  if (handles.length === 0 || (handles.length < MOST_HANDLES && random(8) === 0)) return map();
  const index = random(handles.length);
  const handle = handles[index]!;
  check(handle);
  if (handles.length >= MOST_HANDLES || random(12) === 0) return close(index);
  if (handle.isOwn) useOwn(handle);
  else useLent(handle);
}

function giveBack(): void {
  while (take());
  while (handles.length > 0) close(0);
  releaseHeldRanges(); // no call has a view
}

parentPort!.postMessage("ready");
try {
  for (let count = 1;; count++) {
    const asked = Atomics.load(words, ASKED);
    if (asked !== Atomics.load(words, GIVEN)) {
      giveBack();
      Atomics.store(words, GIVEN, asked);
      Atomics.notify(words, GIVEN);
    }
    step();
    // Collected handles are unmapped between turns of the event loop.
    if (count % 64 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
} catch (error) {
  const bytes = new TextEncoder().encode(`${last}: ${(error as Error).stack ?? error}`);
  const cut = bytes.subarray(0, text.length);
  text.set(cut);
  Atomics.store(words, FAILED, cut.length);
}
