/**
 * Another thread, which does anything at any time: with mappings of its own, and by
 * tickets with those of the model. What it does follows from a seed; when it does it
 * does not, so that a sequence that failed can need several runs to fail again.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { Mmap, type MmapTicket } from "../../mod.ts";
import { childUrl } from "../support/bundled.ts";
import { storeTicket, TICKET_WORDS } from "../support/ticket_words.ts";
import type { TakeSlot } from "./sequence.ts";
import { Mismatch, stateErrors } from "./world.ts";

/** The number of tickets that can wait for it. */
export const LETTERS = 8;
/** The words of a letter: whether there is one, the ticket, and what is allowed. */
export const LETTER_WORDS: number = 2 + TICKET_WORDS;
// The words before them.
/** The number of times that all was asked back, and given back. */
export const ASKED = 0;
export const GIVEN = 1;
/** The length of the text that tells what went wrong; 0 where nothing did. */
export const FAILED = 2;
/** The number of calls that it has made. */
export const CALLS = 3;
export const HEAD = 4;
/** Calls that a handle allows: stores to its words, and locks. */
export const MAY_STORE = 1;
export const MAY_LOCK = 2;

const TEXT_BYTES = 4096;
const PATIENCE_MS = 60_000;

/** The settings of the thread. */
export interface StrangerData {
  readonly seed: number;
  readonly words: Int32Array;
  readonly text: Uint8Array;
}

/** The other thread, as the model sees it. */
export class Stranger {
  readonly #words = new Int32Array(new SharedArrayBuffer(4 * (HEAD + LETTERS * LETTER_WORDS)));
  readonly #text = new Uint8Array(new SharedArrayBuffer(TEXT_BYTES));

  /** Starts it. */
  static async start(seed: number): Promise<Stranger> {
    const stranger = new Stranger();
    const workerData: StrangerData = { seed, words: stranger.#words, text: stranger.#text };
    const worker = new Worker(childUrl("stranger.ts"), { workerData });
    await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    worker.unref();
    return stranger;
  }

  /** The number of calls that it has made. */
  get calls(): number {
    return Atomics.load(this.#words, CALLS);
  }

  /** Gives it a ticket, which it takes at any time; tells whether there was room. */
  give(ticket: MmapTicket, allowed: number): boolean {
    const words = this.#words;
    for (let letter = 0; letter < LETTERS; letter++) {
      const at = HEAD + letter * LETTER_WORDS;
      if (Atomics.load(words, at) !== 0) continue;
      storeTicket(words, at + 1, ticket);
      words[at + 1 + TICKET_WORDS] = allowed;
      Atomics.store(words, at, 1);
      return true;
    }
    return false;
  }

  /** Has it give all handles back, and sleeps until it has. */
  recall(): void {
    const words = this.#words;
    const asked = Atomics.add(words, ASKED, 1) + 1;
    const end = performance.now() + PATIENCE_MS;
    for (let given; (given = Atomics.load(words, GIVEN)) !== asked;) {
      this.check();
      if (performance.now() > end) throw new Mismatch("outcome", "The other thread is stuck");
      Atomics.wait(words, GIVEN, given, 100);
    }
    this.check();
  }

  /** Throws where something went wrong in it. */
  check(): void {
    const length = Atomics.load(this.#words, FAILED);
    if (length === 0) return;
    const text = new TextDecoder().decode(this.#text.slice(0, length));
    throw new Mismatch("outcome", `The other thread: ${text}`);
  }
}

/** share(), and the ticket is the other thread's. */
export const lend: TakeSlot = (world, slot, [, , a], name) => {
  const { mmap, model } = slot;
  const { stranger } = world;
  if (stranger === undefined) return;
  stranger.check();
  if (model.file !== undefined && model.file === world.files.fragile) return;
  const ticket = world.call(name, stateErrors(slot, true), () => mmap.share());
  if (ticket === undefined) return;
  const isAnonymous = model.source === "memory" || model.source === "mirror";
  const mayLock = isAnonymous && a % 8 === 0;
  const allowed = (isAnonymous ? MAY_STORE : 0) | (mayLock ? MAY_LOCK : 0);
  model.isLent = true;
  if (isAnonymous) model.hasStrangers = true;
  if (mayLock) model.wasLocked = true;
  if (!stranger.give(ticket, allowed)) Mmap.release(ticket);
};

/** Has the other thread give all back: from now on nothing is refused for it. */
export const recall: TakeSlot = (world) => world.recall();
