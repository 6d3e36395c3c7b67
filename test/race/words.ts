/**
 * Stores and loads of the words that a thread has in each page, and what a handle tells of itself.
 *
 * @module
 */
import { ACCESSES } from "../../core/lifetime/mapping_info.ts";
import { FIRST_WORD, type Held, MIRROR, PAGE, PAGES, type Racer } from "./racer.ts";

function pageWithWord(racer: Racer, held: Held): number {
  return racer.random(2) === 0 ? 0 : racer.random(racer.pageCount(held));
}

/** The offset of this thread's word in a page; both copies of a mirror have it. */
function wordAt(racer: Racer, page: number): number {
  return page * PAGE + FIRST_WORD + 4 * racer.thread;
}

function keyOf({ memory }: Held, page: number): number {
  return memory.kind === MIRROR ? page % PAGES : page;
}

export function store(racer: Racer, held: Held): void {
  const { mmap, memory } = held;
  const page = pageWithWord(racer, held);
  const at = wordAt(racer, page);
  if (at + 4 > memory.byteLength) return;
  const key = keyOf(held, page);
  const value = racer.value = racer.value + 1 | 0 || 1;
  const must = racer.isWritable(held, page) ? [] : ["EACCES"];
  if (must.length === 0) memory.noteIntent(racer.thread, key, value);
  const isDone = racer.random(3) === 0
    ? viewWord(racer, held, page, at, must, (words, index) => Atomics.store(words, index, value))
    : racer.call("store", { must }, racer.text(held, `write(${at})`), () => {
      mmap.write(Int32Array.of(value), at);
    });
  if (isDone) memory.noteWord(racer.thread, key, value);
}

export function load(racer: Racer, held: Held): void {
  const { mmap, memory } = held;
  const page = pageWithWord(racer, held);
  const at = wordAt(racer, page);
  if (at + 4 > memory.byteLength) return;
  let value = 0;
  const isViewed = racer.random(3) === 0;
  if (isViewed) {
    const must = racer.isWritable(held, page) ? [] : ["EACCES"];
    const use = (words: Int32Array, index: number) => value = Atomics.load(words, index);
    if (!viewWord(racer, held, page, at, must, use)) return;
  } else {
    const must = racer.isReadable(held, page) ? [] : ["EACCES"];
    const target = new Int32Array(1);
    const text = racer.text(held, `read(${at})`);
    if (!racer.call("load", { must }, text, () => mmap.read(target, at))) return;
    value = target[0]!;
  }
  compare(racer, held, page, value);
}

function compare(racer: Racer, held: Held, page: number, value: number): void {
  const [was, becomes] = held.memory.wordsOf(racer.thread, keyOf(held, page));
  if (value === was || value === becomes) return;
  if (keyOf(held, page) !== 0 && value === 0) return; // somebody has discarded it
  racer.fail(held, `page ${page} holds ${value}, and must ${was} or ${becomes}`);
}

/** Uses a word by a view: of its page, or of all of the mapping. */
function viewWord(
  racer: Racer,
  held: Held,
  page: number,
  at: number,
  must: readonly string[],
  use: (words: Int32Array, index: number) => void,
): boolean {
  const { mmap, memory, views } = held;
  const kept = views.find(({ start, end }) => start <= page && page < end);
  if (kept !== undefined && racer.random(2) === 0) {
    if (kept.view.length === 0) racer.fail(held, "a view is detached");
    use(kept.view, (at - kept.start * PAGE) / 4);
    racer.common.count("store", true);
    return true;
  }
  memory.noteViewed();
  const pages = racer.pageCount(held);
  const isWhole = racer.random(3) === 0 && memory.kind !== MIRROR &&
    racer.isWritable(held, 0, pages) && memory.byteLength % 4 === 0;
  const start = isWhole ? 0 : page * PAGE;
  const length = isWhole
    ? memory.byteLength / 4
    : Math.floor(Math.min(PAGE, memory.byteLength - start) / 4);
  const text = racer.text(held, `view(${start}, ${length})`);
  return racer.call("store", { must }, text, () => {
    const view = mmap.view(Int32Array, start, length);
    if (view.length !== length) racer.fail(held, `a view has ${view.length} words`);
    if (views.length >= 4) views.shift();
    views.push({ view, start: isWhole ? 0 : page, end: isWhole ? pages : page + 1 });
    use(view, (at - start) / 4);
  });
}

/** Compares what a handle tells of itself. */
export function check(racer: Racer, held: Held): void {
  const { mmap, memory } = held;
  racer.call("check", {}, racer.text(held, "check"), () => {
    if (mmap.address !== memory.address) {
      racer.fail(held, `address is ${mmap.address}, and must be ${memory.address}`);
    }
    if (mmap.byteLength !== memory.byteLength) {
      racer.fail(held, `byteLength is ${mmap.byteLength}, and must be ${memory.byteLength}`);
    }
    const page = racer.random(racer.pageCount(held));
    const access = mmap.accessAt(page * PAGE);
    const expected = ACCESSES[memory.access(page)];
    if (access !== expected) {
      racer.fail(held, `page ${page} is ${access}, and must be ${expected}`);
    }
    for (const { view, start } of held.views) {
      if (view.length === 0) racer.fail(held, "a view is detached");
      const index = (FIRST_WORD + 4 * racer.thread) / 4;
      if (index < view.length) compare(racer, held, start, Atomics.load(view, index));
    }
    if (mmap.truncated) racer.fail(held, "truncated");
  });
}
