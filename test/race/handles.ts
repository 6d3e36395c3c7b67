/**
 * Calls that make handles, hand them to other threads, and close them.
 *
 * @module
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Mmap, MmapOptions, type MmapTicket, removeShared } from "../../mod.ts";
import { platform } from "../support/harness.ts";
import {
  GUARDED,
  type Held,
  KINDS,
  LENGTH,
  MEMORY,
  MIRROR,
  NAMED,
  NONE,
  PRIVATE,
  type Racer,
  RESERVED,
  SHARED,
} from "./racer.ts";
import { type CallName, MAX_PAGES, type Memory } from "./shared.ts";
import { check } from "./words.ts";

/** Memory lies from here on, where no runtime maps anything of its own, each in a place of its own. */
export const START = 0x5200_0000_0000n;
export const STRIDE: bigint = 2n ** 21n;
/** The most handles that a thread has. */
export const MOST_HANDLES = 8;

export function create(racer: Racer): void {
  const memory = racer.common.claim(racer.random(racer.common.data.memories));
  if (memory === undefined) {
    racer.isShort = true;
    return;
  }
  const kind = racer.random(KINDS.length);
  const place = START + STRIDE * BigInt(racer.common.nextPlace());
  let options = new MmapOptions({ len: LENGTH });
  if (kind !== MIRROR && platform === "linux") {
    options = options.withHint(place).strict(kind !== GUARDED);
  }
  // Another one each time: Windows truncates no file that is still mapped.
  const path = join(racer.folder, `${memory.index}.${memory.round}`);
  const name = `sysalloc-race-${process.pid}-${memory.index}-${memory.round}`;
  let mmap: Mmap | undefined;
  try {
    racer.call("create", { may: ["ENOMEM", "EAGAIN"] }, `create ${KINDS[kind]}`, () => {
      switch (kind) {
        case GUARDED:
          mmap = options.guard().mapAnon();
          break;
        case RESERVED:
          mmap = options.reserve();
          break;
        case MIRROR:
          mmap = options.mapMirrored();
          break;
        case PRIVATE:
          writeFileSync(path, new Uint8Array(LENGTH));
          mmap = options.map(path);
          break;
        case SHARED:
          writeFileSync(path, new Uint8Array(LENGTH));
          mmap = options.mapMut(path);
          break;
        case NAMED:
          mmap = options.mapShared(name, { mode: "create" });
          removeShared(name);
          break;
        default:
          mmap = options.mapAnon();
      }
    });
  } catch (error) {
    // Nobody else can have made it.
    memory.giveUp();
    throw error;
  }
  if (platform !== "win32") rmSync(path, { force: true });
  if (mmap === undefined) return memory.giveUp();
  const first = kind === RESERVED ? NONE : kind === PRIVATE ? 3 : 2;
  const access = Array<number>(MAX_PAGES).fill(first);
  memory.publish(kind, mmap.address, mmap.byteLength, access);
  add(racer, memory, mmap);
}

function add(racer: Racer, memory: Memory, mmap: Mmap): void {
  const held: Held = { mmap, memory, views: [], pending: 0, isClosed: false };
  racer.handles.push(held);
  check(racer, held);
}

/** Takes a ticket that another thread has sent; tells whether there was one. */
export function receive(racer: Racer): boolean {
  const letter = racer.common.receive(racer.random(1024));
  if (letter === undefined) return false;
  const { memory, ticket } = letter;
  if (racer.random(12) === 0) {
    if (isTaken(racer, "release", () => Mmap.release(ticket))) {
      memory.end();
      memory.ended();
    }
    return true;
  }
  let mmap: Mmap | undefined;
  if (isTaken(racer, "take", () => mmap = Mmap.fromTicket(ticket))) add(racer, memory, mmap!);
  return true;
}

function isTaken(racer: Racer, name: CallName, take: () => void): boolean {
  if (racer.call(name, { may: ["EBADF"] }, name, take)) return true;
  racer.common.noteRefused();
  return false;
}

function share(racer: Racer, held: Held): MmapTicket {
  const { mmap, memory } = held;
  memory.begin();
  let ticket: MmapTicket | undefined;
  racer.call("send", {}, racer.text(held, "share()"), () => ticket = mmap.share());
  memory.begun();
  return ticket!;
}

export function send(racer: Racer, held: Held): void {
  const { memory } = held;
  const ticket = share(racer, held);
  if (!racer.common.send(memory.index, ticket, racer.random(1024))) {
    Mmap.release(ticket);
    memory.end();
    memory.ended();
  } else if (racer.random(16) === 0) {
    // One of the two comes too late.
    if (racer.common.send(memory.index, ticket, racer.random(1024))) racer.common.noteDoubled();
  }
  if (racer.random(2) === 0) unmap(racer, held);
}

export function release(racer: Racer, held: Held): void {
  const { memory } = held;
  const ticket = share(racer, held);
  memory.end();
  racer.call("release", {}, racer.text(held, "release()"), () => Mmap.release(ticket));
  memory.ended();
}

export function copy(racer: Racer, held: Held): void {
  if (racer.handles.length >= MOST_HANDLES) return;
  const ticket = share(racer, held);
  let mmap: Mmap | undefined;
  racer.call("copy", {}, racer.text(held, "fromTicket()"), () => mmap = Mmap.fromTicket(ticket));
  add(racer, held.memory, mmap!);
}

function leave(racer: Racer, held: Held): void {
  held.isClosed = true;
  const index = racer.handles.indexOf(held);
  racer.handles[index] = racer.handles.at(-1)!;
  racer.handles.pop();
}

export function unmap(racer: Racer, held: Held): void {
  const { mmap, memory } = held;
  leave(racer, held);
  memory.end();
  racer.call("unmap", {}, racer.text(held, "unmap()"), () => mmap.unmap());
  racer.checkDetached(held, 0, MAX_PAGES);
  memory.ended();
  if (racer.random(8) !== 0) return;
  const must = ["EBADF"];
  racer.call("closed", { must }, "closed: protect()", () => mmap.unsafeProtect("read"));
  racer.call("closed", { must }, "closed: share()", () => mmap.share());
  racer.call("closed", { must }, "closed: read()", () => mmap.read(new Uint8Array(1)));
  racer.call("closed", { must }, "closed: wait()", () => mmap.wait(0, 0, 0));
  racer.call("closed", {}, "closed: unmap()", () => mmap.unmap());
}

export function drop(racer: Racer, held: Held): void {
  if (held.pending > 0) return;
  const { memory } = held;
  memory.noteViewed(); // nobody knows when it ends
  memory.end();
  leave(racer, held);
  racer.uncollected++;
  racer.dropped.register(held.mmap, memory);
  racer.common.count("drop", true);
}

export function raw(racer: Racer, held: Held): void {
  const { mmap, memory } = held;
  const isPlain = memory.kind === MEMORY || memory.kind === RESERVED;
  // Who takes it has it readable and writable, as a whole.
  if (isPlain && !racer.isWritable(held, 0, racer.pageCount(held))) return;
  let raw: { readonly address: bigint; readonly byteLength: number } | undefined;
  const expected = isPlain ? racer.expectedOfChange(held) : { must: ["ENOTSUP"] };
  const isDone = racer.call("raw", expected, racer.text(held, "intoRaw()"), () => {
    raw = mmap.intoRaw();
  });
  if (!isDone) return;
  racer.checkAlone(held, "intoRaw()");
  racer.checkDetached(held, 0, MAX_PAGES);
  leave(racer, held);
  add(racer, memory, Mmap.unsafeFromRaw(raw!.address, raw!.byteLength));
}

export function badTicket(racer: Racer): void {
  const key = Array.from({ length: 32 }, () => racer.random(16).toString(16)).join("");
  const ticket = { slot: racer.random(600), key };
  racer.call("badTicket", { must: ["EBADF"] }, "fromTicket(bad)", () => Mmap.fromTicket(ticket));
}
