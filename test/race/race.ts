/**
 * One thread of those that race: it takes calls at random, and holds each outcome
 * against what all of them know in common.
 *
 * @module
 */
import { readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Access,
  type Advice,
  allocationGranularity,
  Mmap,
  MmapError,
  MmapOptions,
  type MmapTicket,
  pageSize,
  regions,
  removeShared,
} from "../../mod.ts";
import { collectGarbage, platform } from "../support/harness.ts";
import { randomBelow } from "../support/random.ts";
import { type CallName, type Common, MAX_PAGES, type Memory } from "./shared.ts";

/** Memory lies from here on, where no runtime maps anything of its own, in a place of its own each. */
export const START = 0x5200_0000_0000n;
export const STRIDE: bigint = 2n ** 21n;
const PAGE = pageSize();
/** How long memory is when it is mapped: whole granules on every system. */
const LENGTH = Math.max(16 * PAGE, allocationGranularity());
const PAGES = LENGTH / PAGE;
/** How many handles a thread has at most. */
const MOST_HANDLES = 8;
/** How many waits and the like are under way at most. */
const MOST_PENDING = 2;
/** Between turns of the event loop. */
const CALLS_A_TURN = 128;
/** The words of the threads start here in each page, and that for which they wait is the first. */
const FIRST_WORD = 16;

const ACCESSES: readonly Access[] = ["none", "read", "read-write", "copy-on-write", "read-execute"];
const NONE = 0;
const KINDS = ["memory", "guarded", "reserved", "mirror", "private file", "shared file", "named"];
type Kind = number;
const [MEMORY, GUARDED, RESERVED, MIRROR, PRIVATE, SHARED, NAMED] = [0, 1, 2, 3, 4, 5, 6];

/** What leaves the content of memory as it is. */
const HARMLESS: readonly Advice[] = [
  "normal",
  "random",
  "sequential",
  "will-need",
  "cold",
  "huge-page",
  "no-huge-page",
  "dont-dump",
  "do-dump",
  "mergeable",
  "unmergeable",
  "populate-read",
];
/** What can make zeros of it. */
const CLEARING: readonly Advice[] = ["dont-need", "free", "remove", "dont-need-locked"];

/** A view, in pages: where it starts, and the bounds of its buffer, with which it is detached. */
interface Kept {
  readonly view: Int32Array;
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly past: number;
}

/** A handle. */
interface Held {
  readonly mmap: Mmap;
  readonly memory: Memory;
  /** Views of single pages, or of all. */
  readonly views: Kept[];
  /** How many waits are under way by it. */
  pending: number;
  isClosed: boolean;
}

/** What a call may end with. */
interface Expected {
  /** The codes and names of errors of which one must come; none where it must not fail. */
  readonly must?: readonly string[];
  /** Those that may come. */
  readonly may?: readonly string[];
}

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
export class Race {
  /** A random number below another. */
  readonly random: (below: number) => number;
  readonly #common: Common;
  readonly #folder: string;
  readonly #thread: number;
  readonly #handles: Held[] = [];
  readonly #pending: Set<Promise<void>> = new Set();
  readonly #dropped: FinalizationRegistry<Memory>;
  #value = 0;
  #failure: unknown;
  /** Whether all memory is somebody's: handles that were dropped can have it, which are not collected. */
  #isShort = false;
  #last = "";
  /** Handles that were dropped, and are not known to be collected. */
  uncollected = 0;

  constructor(common: Common, folder: string, seed: number, thread: number) {
    this.#common = common;
    this.#folder = folder;
    this.#thread = thread;
    this.random = randomBelow(seed);
    this.#dropped = new FinalizationRegistry((memory) => {
      this.uncollected--;
      memory.ended();
    });
  }

  /** Takes calls until all are to stop. */
  async run(): Promise<void> {
    for (let count = 1; !this.#common.isStopped; count++) {
      this.#take();
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isShort) {
        this.#isShort = false;
        await collectGarbage();
      } else if (count % CALLS_A_TURN === 0) {
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    }
    await Promise.all(this.#pending);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Closes all handles. */
  async close(): Promise<void> {
    while (this.#handles.length > 0) this.#unmap(this.#handles[0]!);
    await Promise.all(this.#pending);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Releases the tickets that nobody has taken. */
  drain(): void {
    for (let letter; (letter = this.#common.receive(0)) !== undefined;) {
      const { memory, ticket } = letter;
      try {
        Mmap.release(ticket);
        memory.end();
        memory.ended();
      } catch (error) {
        if (nameOf(error) !== "EBADF") throw error;
        this.#common.noteRefused();
      }
    }
  }

  #take(): void {
    const handles = this.#handles;
    const kind = this.random(64);
    if (handles.length === 0 || (kind < 6 && handles.length < MOST_HANDLES)) {
      if (kind % 4 === 0 || !this.#receive()) this.#create();
      return;
    }
    const held = handles[this.random(handles.length)]!;
    switch (kind) {
      case 6:
      case 7:
      case 8:
      case 9:
        return this.#send(held);
      case 10:
        return this.#release(held);
      case 11:
      case 12:
        return this.#copy(held);
      case 13:
      case 14:
      case 15:
      case 16:
      case 17:
        if (this.random(16) === 0) return this.#drop(held);
        return this.#unmap(held);
      case 18:
      case 19:
      case 20:
      case 21:
        return this.#protect(held);
      case 22:
        return this.#commit(held);
      case 23:
        return this.#decommit(held);
      case 24:
        return this.#discard(held);
      case 25:
      case 26:
        return this.#resize(held);
      case 27:
      case 28:
        return this.#advise(held);
      case 29:
        return this.#lock(held);
      case 30:
        return this.#resident(held);
      case 31:
      case 32:
        return this.#wait(held);
      case 33:
        if (this.random(8) === 0) this.#waitAsync(held);
        else this.#notify(held);
        return;
      case 34:
        return this.#notify(held);
      case 35:
        if (this.random(4) === 0) this.#prefault(held);
        return;
      case 36:
        return this.#flush(held);
      case 37:
        return this.#badTicket();
      case 38:
        return this.#raw(held);
      case 39:
        if (this.random(64) === 0) this.#call("regions", {}, "regions()", () => regions());
        return;
      case 40:
      case 41:
      case 42:
      case 43:
        return this.#check(held);
      default:
        if (kind % 2 === 0) this.#store(held);
        else this.#load(held);
    }
  }

  /** Makes a call, and checks how it ends; tells whether it was done. */
  #call(
    name: CallName,
    { must = [], may = [] }: Expected,
    text: string,
    body: () => void,
  ): boolean {
    this.#last = text;
    let outcome = "";
    let message = "";
    try {
      body();
    } catch (error) {
      outcome = nameOf(error);
      message = error instanceof Error ? `${error.message}\n${error.stack}` : "";
    }
    this.#common.count(name, outcome === "");
    if (outcome === "" ? must.length === 0 : must.includes(outcome) || may.includes(outcome)) {
      return outcome === "";
    }
    const wanted = must.length === 0 ? "be done" : `throw ${must.join(" or ")}`;
    throw new Error(
      `${text} ended with ${outcome || "no error"}: ${message}; it must ${wanted}, and may ${may}`,
    );
  }

  #text({ memory }: Held, call: string): string {
    return `${KINDS[memory.kind]} ${memory.index}.${memory.round}: ${call}`;
  }

  #fail(held: Held, what: string): never {
    throw new Error(`${this.#text(held, what)} (after ${this.#last})`);
  }

  #pageCount({ memory }: Held): number {
    return Math.ceil(memory.byteLength / PAGE);
  }

  #isWritable({ memory }: Held, first: number, past = first + 1): boolean {
    const own = memory.kind === PRIVATE ? "copy-on-write" : "read-write";
    for (let page = first; page < past; page++) {
      if (ACCESSES[memory.access(page)] !== own) return false;
    }
    return true;
  }

  #isReadable({ memory }: Held, first: number, past = first + 1): boolean {
    for (let page = first; page < past; page++) if (memory.access(page) === NONE) return false;
    return true;
  }

  /**
   * What a call may end with that is for handles that are alone. Where a view of another one
   * was made, or a handle was dropped, it can be refused as long as that is not collected.
   */
  #change(held: Held): Expected {
    const { memory } = held;
    const [, most] = memory.counts;
    if (held.pending > 0) return { may: ["EBUSY"] };
    return most === 1 && !memory.wasViewed ? {} : { may: ["EBUSY"] };
  }

  /** Checks that what has changed memory had it alone. */
  #wasAlone(held: Held, call: string): void {
    const [least] = held.memory.counts;
    if (least !== 1) this.#fail(held, `${call} was done, though ${least} have it`);
  }

  #detached(held: Held, first: number, past: number): void {
    for (let index = held.views.length - 1; index >= 0; index--) {
      const kept = held.views[index]!;
      if (kept.first >= past || kept.past <= first) continue;
      if (kept.view.length !== 0) this.#fail(held, "a view is not detached");
      held.views.splice(index, 1);
    }
  }

  /** What fails late has detached views. */
  #refused({ views }: Held): void {
    for (let index = views.length - 1; index >= 0; index--) {
      if (views[index]!.view.length === 0) views.splice(index, 1);
    }
  }

  #create(): void {
    const memory = this.#common.claim(this.random(this.#common.data.memories));
    if (memory === undefined) {
      this.#isShort = true;
      return;
    }
    const kind: Kind = this.random(KINDS.length);
    const place = START + STRIDE * BigInt(this.#common.nextPlace());
    let options = new MmapOptions({ len: LENGTH });
    if (kind !== MIRROR && platform === "linux") {
      options = options.withHint(place).strict(kind !== GUARDED);
    }
    // Another one each time: Windows truncates no file that is still mapped.
    const path = join(this.#folder, `${memory.index}.${memory.round}`);
    const name = `sysalloc-race-${process.pid}-${memory.index}-${memory.round}`;
    let mmap: Mmap | undefined;
    try {
      this.#call("create", { may: ["ENOMEM", "EAGAIN"] }, `create ${KINDS[kind]}`, () => {
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
    this.#add(memory, mmap);
  }

  #add(memory: Memory, mmap: Mmap): void {
    const held: Held = { mmap, memory, views: [], pending: 0, isClosed: false };
    this.#handles.push(held);
    this.#check(held);
  }

  /** Takes a ticket that another thread has sent; tells whether there was one. */
  #receive(): boolean {
    const letter = this.#common.receive(this.random(1024));
    if (letter === undefined) return false;
    const { memory, ticket } = letter;
    if (this.random(12) === 0) {
      if (this.#isTaken("release", () => Mmap.release(ticket))) {
        memory.end();
        memory.ended();
      }
      return true;
    }
    let mmap: Mmap | undefined;
    if (this.#isTaken("take", () => mmap = Mmap.fromTicket(ticket))) this.#add(memory, mmap!);
    return true;
  }

  #isTaken(name: CallName, take: () => void): boolean {
    if (this.#call(name, { may: ["EBADF"] }, name, take)) return true;
    this.#common.noteRefused();
    return false;
  }

  #share(held: Held): MmapTicket {
    const { mmap, memory } = held;
    memory.begin();
    let ticket: MmapTicket | undefined;
    this.#call("send", {}, this.#text(held, "share()"), () => ticket = mmap.share());
    memory.begun();
    return ticket!;
  }

  #send(held: Held): void {
    const { memory } = held;
    const ticket = this.#share(held);
    if (!this.#common.send(memory.index, ticket, this.random(1024))) {
      Mmap.release(ticket);
      memory.end();
      memory.ended();
    } else if (this.random(16) === 0) {
      // One of the two comes too late.
      if (this.#common.send(memory.index, ticket, this.random(1024))) this.#common.noteDoubled();
    }
    if (this.random(2) === 0) this.#unmap(held);
  }

  #release(held: Held): void {
    const { memory } = held;
    const ticket = this.#share(held);
    memory.end();
    this.#call("release", {}, this.#text(held, "release()"), () => Mmap.release(ticket));
    memory.ended();
  }

  #copy(held: Held): void {
    if (this.#handles.length >= MOST_HANDLES) return;
    const ticket = this.#share(held);
    let mmap: Mmap | undefined;
    this.#call("copy", {}, this.#text(held, "fromTicket()"), () => mmap = Mmap.fromTicket(ticket));
    this.#add(held.memory, mmap!);
  }

  #leave(held: Held): void {
    held.isClosed = true;
    const index = this.#handles.indexOf(held);
    this.#handles[index] = this.#handles.at(-1)!;
    this.#handles.pop();
  }

  #unmap(held: Held): void {
    const { mmap, memory } = held;
    this.#leave(held);
    memory.end();
    this.#call("unmap", {}, this.#text(held, "unmap()"), () => mmap.unmap());
    this.#detached(held, 0, MAX_PAGES);
    memory.ended();
    if (this.random(8) !== 0) return;
    const must = ["EBADF"];
    this.#call("closed", { must }, "closed: protect()", () => mmap.unsafeProtect("read"));
    this.#call("closed", { must }, "closed: share()", () => mmap.share());
    this.#call("closed", { must }, "closed: read()", () => mmap.read(new Uint8Array(1)));
    this.#call("closed", { must }, "closed: wait()", () => mmap.wait(0, 0, 0));
    this.#call("closed", {}, "closed: unmap()", () => mmap.unmap());
  }

  #drop(held: Held): void {
    if (held.pending > 0) return;
    const { memory } = held;
    memory.noteViewed(); // nobody knows when it ends
    memory.end();
    this.#leave(held);
    this.uncollected++;
    this.#dropped.register(held.mmap, memory);
    this.#common.count("drop", true);
  }

  #pageWithWord(held: Held): number {
    return this.random(2) === 0 ? 0 : this.random(this.#pageCount(held));
  }

  /** Where the word of this thread is in a page; of a mirror both copies have it. */
  #wordAt(page: number): number {
    return page * PAGE + FIRST_WORD + 4 * this.#thread;
  }

  #keyOf({ memory }: Held, page: number): number {
    return memory.kind === MIRROR ? page % PAGES : page;
  }

  #store(held: Held): void {
    const { mmap, memory } = held;
    const page = this.#pageWithWord(held);
    const at = this.#wordAt(page);
    if (at + 4 > memory.byteLength) return;
    const key = this.#keyOf(held, page);
    const value = this.#value = this.#value + 1 | 0 || 1;
    const must = this.#isWritable(held, page) ? [] : ["EACCES"];
    if (must.length === 0) memory.noteIntent(this.#thread, key, value);
    const isDone = this.random(3) === 0
      ? this.#viewWord(held, page, at, must, (words, index) => Atomics.store(words, index, value))
      : this.#call("store", { must }, this.#text(held, `write(${at})`), () => {
        mmap.write(Int32Array.of(value), at);
      });
    if (isDone) memory.noteWord(this.#thread, key, value);
  }

  #load(held: Held): void {
    const { mmap, memory } = held;
    const page = this.#pageWithWord(held);
    const at = this.#wordAt(page);
    if (at + 4 > memory.byteLength) return;
    let value = 0;
    const isViewed = this.random(3) === 0;
    if (isViewed) {
      const must = this.#isWritable(held, page) ? [] : ["EACCES"];
      const use = (words: Int32Array, index: number) => value = Atomics.load(words, index);
      if (!this.#viewWord(held, page, at, must, use)) return;
    } else {
      const must = this.#isReadable(held, page) ? [] : ["EACCES"];
      const target = new Int32Array(1);
      const text = this.#text(held, `read(${at})`);
      if (!this.#call("load", { must }, text, () => mmap.read(target, at))) return;
      value = target[0]!;
    }
    this.#compare(held, page, value);
  }

  #compare(held: Held, page: number, value: number): void {
    const [was, becomes] = held.memory.wordsOf(this.#thread, this.#keyOf(held, page));
    if (value === was || value === becomes) return;
    if (this.#keyOf(held, page) !== 0 && value === 0) return; // somebody has discarded it
    this.#fail(held, `page ${page} holds ${value}, and must ${was} or ${becomes}`);
  }

  /** Uses a word by a view: of its page, or of all of the mapping. */
  #viewWord(
    held: Held,
    page: number,
    at: number,
    must: readonly string[],
    use: (words: Int32Array, index: number) => void,
  ): boolean {
    const { mmap, memory, views } = held;
    const kept = views.find(({ start, end }) => start <= page && page < end);
    if (kept !== undefined && this.random(2) === 0) {
      if (kept.view.length === 0) this.#fail(held, "a view is detached");
      use(kept.view, (at - kept.start * PAGE) / 4);
      this.#common.count("store", true);
      return true;
    }
    memory.noteViewed();
    const pages = this.#pageCount(held);
    const isWhole = this.random(3) === 0 && memory.kind !== MIRROR &&
      this.#isWritable(held, 0, pages) && memory.byteLength % 4 === 0;
    const start = isWhole ? 0 : page * PAGE;
    const length = isWhole
      ? memory.byteLength / 4
      : Math.floor(Math.min(PAGE, memory.byteLength - start) / 4);
    const text = this.#text(held, `view(${start}, ${length})`);
    return this.#call("store", { must }, text, () => {
      const view = mmap.view(Int32Array, start, length);
      if (view.length !== length) this.#fail(held, `a view has ${view.length} words`);
      if (views.length >= 4) views.shift();
      let [first, past] = [page, page + 1];
      while (first > 0 && memory.access(first - 1) === memory.access(page)) first--;
      while (past < pages && memory.access(past) === memory.access(page)) past++;
      views.push({ view, start: isWhole ? 0 : page, end: isWhole ? pages : page + 1, first, past });
      use(view, (at - start) / 4);
    });
  }

  /** Some pages, as a range of a call; of all but the first `from`. */
  #range(
    held: Held,
    from: number,
  ): { first: number; past: number; offset: number; length: number } {
    const pages = this.#pageCount(held);
    const first = Math.min(pages - 1, from) + this.random(Math.max(1, pages - from));
    const past = first + 1 + this.random(pages - first);
    const offset = first * PAGE;
    return { first, past, offset, length: Math.min(past * PAGE, held.memory.byteLength) - offset };
  }

  #protect(held: Held): void {
    const { mmap, memory } = held;
    const { first, past, offset, length } = this.random(2) === 0
      ? { first: 0, past: this.#pageCount(held), offset: 0, length: memory.byteLength }
      : this.#range(held, 0);
    const own = memory.kind === PRIVATE ? 3 : 2;
    const access = [own, own, own, 0, 1, 4][this.random(6)]!;
    if (access === 4 && memory.kind > PRIVATE) return; // folders can forbid it
    const text = `protect(${ACCESSES[access]}, ${offset}, ${length})`;
    const expected = memory.kind === MIRROR
      ? { must: ["ENOTSUP"] }
      : { ...this.#change(held), ...(access === 4 && { may: ["EBUSY", "EACCES", "EPERM"] }) };
    const isDone = this.#call("protect", expected, this.#text(held, text), () => {
      mmap.unsafeProtect(ACCESSES[access]!, offset, length);
    });
    if (!isDone) return this.#refused(held);
    this.#wasAlone(held, text);
    for (let page = first; page < past; page++) memory.setAccess(page, access);
    this.#detached(held, first, past);
  }

  #commit(held: Held): void {
    const { mmap, memory } = held;
    const { first, past, offset, length } = this.#range(held, 0);
    const text = `commit(${offset}, ${length})`;
    const expected = memory.kind >= MIRROR ? { must: ["ENOTSUP"] } : this.#change(held);
    const isDone = this.#call("commit", expected, this.#text(held, text), () => {
      mmap.commit(offset, length);
    });
    if (!isDone) return this.#refused(held);
    this.#wasAlone(held, text);
    for (let page = first; page < past; page++) {
      if (memory.access(page) === NONE) memory.setAccess(page, 2);
    }
  }

  #decommit(held: Held): void {
    const { mmap, memory } = held;
    const { first, past, offset, length } = this.#range(held, 0);
    const text = `decommit(${offset}, ${length})`;
    const expected = memory.kind >= MIRROR ? { must: ["ENOTSUP"] } : this.#change(held);
    const isDone = this.#call("decommit", expected, this.#text(held, text), () => {
      mmap.decommit(offset, length);
    });
    if (!isDone) return this.#refused(held);
    this.#wasAlone(held, text);
    for (let page = first; page < past; page++) {
      memory.setAccess(page, NONE);
      for (let thread = 0; thread < this.#common.data.threads; thread++) {
        memory.noteWord(thread, page, 0);
      }
    }
    this.#detached(held, first, past);
  }

  #discard(held: Held): void {
    const { mmap, memory } = held;
    if (this.#pageCount(held) < 2) return;
    const { first, past, offset, length } = this.#range(held, 1);
    const must = [MIRROR, SHARED, NAMED].includes(memory.kind)
      ? ["ENOTSUP"]
      : this.#isWritable(held, first, past)
      ? []
      : ["EACCES"];
    const may = memory.kind === PRIVATE && platform !== "linux" ? ["ENOTSUP"] : [];
    this.#call("discard", { must, may }, this.#text(held, `discard(${offset}, ${length})`), () => {
      mmap.discard(offset, length);
    });
  }

  #resize(held: Held): void {
    const { mmap, memory } = held;
    const { kind } = memory;
    const old = this.#pageCount(held);
    const byteLength = this.random(4) === 0
      ? 64 + 64 * this.random(MAX_PAGES * PAGE / 64)
      : PAGE * (1 + this.random(MAX_PAGES));
    const isLonger = byteLength > memory.byteLength;
    const access = memory.access(0);
    let isUniform = true;
    for (let page = 1; page < old; page++) if (memory.access(page) !== access) isUniform = false;
    const must = kind === GUARDED || kind === MIRROR
      ? ["ENOTSUP"]
      : !isUniform
      ? ["EACCES"]
      : isLonger && (kind === PRIVATE || kind === NAMED)
      ? ["ENOTSUP"]
      : [];
    const { may = [] } = this.#change(held);
    // Decommitted memory is not uniform; locked memory has a limit, and none without access is copied.
    const others = ["EACCES", "EAGAIN", "ENOMEM"];
    const text = `resize(${byteLength})`;
    const isDone = this.#call(
      "resize",
      { must, may: [...may, ...others] },
      this.#text(held, text),
      () => mmap.resize(byteLength),
    );
    if (!isDone) return this.#refused(held);
    this.#wasAlone(held, text);
    memory.byteLength = byteLength;
    memory.address = mmap.address;
    const pages = this.#pageCount(held);
    for (let page = 0; page < pages; page++) memory.setAccess(page, access);
    // What is cut off is gone, but for that of a file.
    for (let page = Math.ceil(byteLength / PAGE); page < MAX_PAGES; page++) {
      if (kind >= PRIVATE) continue;
      for (let thread = 0; thread < this.#common.data.threads; thread++) {
        memory.noteWord(thread, page, 0);
      }
    }
    this.#detached(held, 0, MAX_PAGES);
  }

  #advise(held: Held): void {
    const { mmap } = held;
    const isClearing = this.random(3) === 0 && this.#pageCount(held) > 1 &&
      held.memory.kind !== MIRROR; // the first page is there twice
    const advice = isClearing
      ? CLEARING[this.random(CLEARING.length)]!
      : HARMLESS[this.random(HARMLESS.length)]!;
    const { offset, length } = this.#range(held, isClearing ? 1 : 0);
    // Of locked memory, memory of files and such that may not be read some advice is refused.
    const may = ["ENOTSUP", "EINVAL", "EACCES", "EFAULT", "ENOMEM", "EAGAIN"];
    this.#call(
      "advise",
      { may },
      this.#text(held, `advise(${advice}, ${offset}, ${length})`),
      () => {
        mmap.advise(advice, offset, length);
      },
    );
  }

  #lock(held: Held): void {
    const { mmap } = held;
    const { first, past, offset, length } = this.#range(held, 0);
    if (this.random(2) === 0) {
      this.#call("unlock", {}, this.#text(held, "unlock()"), () => mmap.unlock());
      return;
    }
    const must = this.#isReadable(held, first, past) ? [] : ["EACCES"];
    const may = ["ENOMEM", "EAGAIN", "EPERM"];
    this.#call("lock", { must, may }, this.#text(held, `lock(${offset}, ${length})`), () => {
      mmap.lock(offset, length);
    });
  }

  #resident(held: Held): void {
    const { mmap, memory } = held;
    this.#call("resident", {}, this.#text(held, "resident()"), () => {
      const byteLength = mmap.resident();
      const isSuch = byteLength % PAGE === 0 &&
        byteLength <= Math.ceil(memory.byteLength / PAGE) * PAGE;
      if (!isSuch) this.#fail(held, `resident() is ${byteLength}`);
    });
  }

  /** Why no word of the memory can be waited for, if so. */
  #waitErrors(held: Held): string[] {
    if (KINDS[held.memory.kind] === "private file") return ["ENOTSUP"];
    return this.#isWritable(held, 0) ? [] : ["EACCES"];
  }

  #wait(held: Held): void {
    const { mmap } = held;
    const must = this.#waitErrors(held);
    const timeout = [0, 0, 0, 0.1, 1][this.random(5)]!;
    this.#call("wait", { must }, this.#text(held, `wait(${timeout})`), () => {
      // Nobody stores to the first word, and some wake those that wait for it.
      const expected = this.random(2);
      const result = mmap.wait(0, expected, timeout);
      const isSuch = expected === 1 ? result === "not-equal" : result !== "not-equal";
      if (!isSuch) this.#fail(held, `wait() is ${result}`);
    });
  }

  #notify(held: Held): void {
    const { mmap } = held;
    const must = this.#waitErrors(held);
    this.#call("notify", { must }, this.#text(held, "notify()"), () => {
      const count = mmap.notify(0, this.random(4));
      if (count < 0 || count > 3) this.#fail(held, `notify() is ${count}`);
    });
  }

  #waitAsync(held: Held): void {
    const { mmap } = held;
    if (this.#pending.size >= MOST_PENDING) return;
    const errors = this.#waitErrors(held);
    const controller = new AbortController();
    const options = { timeout: 0.1 + this.random(8), signal: controller.signal };
    held.pending++;
    const ends = this.random(4) === 0;
    this.#follow(
      "waitAsync",
      mmap.waitAsync(0, this.random(8) === 0 ? 1 : 0, options),
      (outcome) => {
        held.pending--;
        const others = [
          "EAGAIN",
          ...errors,
          ...(held.isClosed ? ["EBADF"] : []),
        ];
        return ["ok", "timed-out", "not-equal", ...(ends ? ["enough"] : []), ...others].includes(
          outcome,
        );
      },
    );
    if (ends) controller.abort("enough");
  }

  #prefault(held: Held): void {
    const { mmap } = held;
    if (this.#pending.size >= MOST_PENDING) return;
    this.#follow(
      "prefault",
      mmap.prefault(),
      (outcome) =>
        ["undefined", "EACCES", "ENOMEM", "EFAULT", "EAGAIN"].includes(outcome) ||
        (held.isClosed && outcome === "EBADF") || outcome === "RangeError",
    );
  }

  #follow(name: CallName, promise: Promise<unknown>, isSuch: (outcome: string) => boolean): void {
    const followed = promise.then(String, nameOf).then((outcome) => {
      this.#common.count(name, outcome !== "EAGAIN");
      this.#pending.delete(followed);
      if (!isSuch(outcome)) this.#failure ??= new Error(`${name}() ended with ${outcome}`);
    });
    this.#pending.add(followed);
  }

  #flush(held: Held): void {
    const { mmap } = held;
    const isWaiting = this.random(16) === 0;
    this.#call("flush", {}, this.#text(held, "flush()"), () => {
      if (isWaiting) mmap.flush();
      else mmap.startFlush();
    });
  }

  #badTicket(): void {
    const key = Array.from({ length: 32 }, () => this.random(16).toString(16)).join("");
    const ticket = { slot: this.random(600), key };
    this.#call("badTicket", { must: ["EBADF"] }, "fromTicket(bad)", () => Mmap.fromTicket(ticket));
  }

  #raw(held: Held): void {
    const { mmap, memory } = held;
    const isPlain = memory.kind === MEMORY || memory.kind === RESERVED;
    // Who takes it has it readable and writable, as a whole.
    if (isPlain && !this.#isWritable(held, 0, this.#pageCount(held))) return;
    let raw: { readonly address: bigint; readonly byteLength: number } | undefined;
    const expected = isPlain ? this.#change(held) : { must: ["ENOTSUP"] };
    const isDone = this.#call("raw", expected, this.#text(held, "intoRaw()"), () => {
      raw = mmap.intoRaw();
    });
    if (!isDone) return;
    this.#wasAlone(held, "intoRaw()");
    this.#detached(held, 0, MAX_PAGES);
    this.#leave(held);
    this.#add(memory, Mmap.unsafeFromRaw(raw!.address, raw!.byteLength));
  }

  /** Compares what a handle tells of itself. */
  #check(held: Held): void {
    const { mmap, memory } = held;
    this.#call("check", {}, this.#text(held, "check"), () => {
      if (mmap.address !== memory.address) {
        this.#fail(held, `address is ${mmap.address}, and must be ${memory.address}`);
      }
      if (mmap.byteLength !== memory.byteLength) {
        this.#fail(held, `byteLength is ${mmap.byteLength}, and must be ${memory.byteLength}`);
      }
      const page = this.random(this.#pageCount(held));
      const access = mmap.accessAt(page * PAGE);
      const expected = ACCESSES[memory.access(page)];
      if (access !== expected) {
        this.#fail(held, `page ${page} is ${access}, and must be ${expected}`);
      }
      for (const { view, start } of held.views) {
        if (view.length === 0) this.#fail(held, "a view is detached");
        const index = (FIRST_WORD + 4 * this.#thread) / 4;
        if (index < view.length) this.#compare(held, start, Atomics.load(view, index));
      }
      if (mmap.truncated) this.#fail(held, "truncated");
    });
  }
}

function nameOf(error: unknown): string {
  if (error instanceof MmapError) return error.code;
  if (error instanceof TypeError) return "TypeError";
  if (error instanceof RangeError) return "RangeError";
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
