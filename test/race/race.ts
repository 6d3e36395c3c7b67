/**
 * One thread of those that race: it takes calls at random, and holds each outcome
 * against what all of them know in common.
 *
 * @module
 */
import { readdirSync, readlinkSync } from "node:fs";
import { Mmap, regions } from "../../mod.ts";
import { collectGarbage, platform } from "../support/harness.ts";
import { commit, decommit, discard, protect, resize } from "./changes.ts";
import {
  badTicket,
  copy,
  create,
  drop,
  MOST_HANDLES,
  raw,
  receive,
  release,
  send,
  unmap,
} from "./handles.ts";
import { type Held, nameOf, Racer } from "./racer.ts";
import { advise, flush, lock, prefault, resident } from "./residency.ts";
import { notify, wait, waitAsync } from "./waits.ts";
import { check, load, store } from "./words.ts";

/** Between turns of the event loop. */
const CALLS_A_TURN = 128;

type Call = (racer: Racer, held: Held) => void;

/** Takes a call once in so many times, or another one. */
const rarely = (times: number, call: Call, other: Call = () => {}): Call => (racer, held) =>
  (racer.random(times) === 0 ? call : other)(racer, held);

/** The share of each call, out of 64; six of them make memory, or take a ticket. */
const SHARES: readonly (readonly [share: number, call: Call])[] = [
  [4, send],
  [1, release],
  [2, copy],
  [5, rarely(16, drop, unmap)],
  [4, protect],
  [1, commit],
  [1, decommit],
  [1, discard],
  [2, resize],
  [2, advise],
  [1, lock],
  [1, resident],
  [2, wait],
  [1, rarely(8, waitAsync, notify)],
  [1, notify],
  [1, rarely(4, prefault)],
  [1, flush],
  [1, badTicket],
  [1, raw],
  [1, rarely(64, (racer) => racer.call("regions", {}, "regions()", () => regions()))],
  [4, check],
  [10, store],
  [10, load],
];
const CALLS = SHARES.flatMap(([share, call]) => Array.from({ length: share }, () => call));
const NEW_HANDLES = 64 - CALLS.length;

/** Counts the descriptors of what is in a folder. */
export function descriptorCount(folder: string): number {
  if (platform !== "linux") return 0;
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false; // that of the listing itself
    }
  }).length;
}

/** One thread. */
export class Race extends Racer {
  /** Takes calls until all are to stop. */
  async run(): Promise<void> {
    for (let count = 1; !this.common.isStopped; count++) {
      this.#take();
      if (this.failure !== undefined) throw this.failure;
      if (this.isShort) {
        this.isShort = false;
        await collectGarbage();
      } else if (count % CALLS_A_TURN === 0) {
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    }
    await Promise.all(this.pending);
    if (this.failure !== undefined) throw this.failure;
  }

  /** Closes all handles. */
  async close(): Promise<void> {
    while (this.handles.length > 0) unmap(this, this.handles[0]!);
    await Promise.all(this.pending);
    if (this.failure !== undefined) throw this.failure;
  }

  /** Releases the tickets that nobody has taken. */
  drain(): void {
    for (let letter; (letter = this.common.receive(0)) !== undefined;) {
      const { memory, ticket } = letter;
      try {
        Mmap.release(ticket);
        memory.end();
        memory.ended();
      } catch (error) {
        if (nameOf(error) !== "EBADF") throw error;
        this.common.noteRefused();
      }
    }
  }

  #take(): void {
    const { handles } = this;
    const kind = this.random(64);
    const isNew = kind < NEW_HANDLES;
    if (handles.length === 0 || (isNew && handles.length < MOST_HANDLES)) {
      if (kind % 4 === 0 || !receive(this)) create(this);
      return;
    }
    const held = handles[this.random(handles.length)]!;
    const call = isNew ? [store, load][kind % 2]! : CALLS[kind - NEW_HANDLES]!;
    call(this, held);
  }
}
