/**
 * Calls that change access, history or length of the pages.
 *
 * @module
 */
import { ACCESSES } from "../../core/lifetime/mapping_info.ts";
import { platform } from "../support/harness.ts";
import {
  GUARDED,
  type Held,
  MIRROR,
  NAMED,
  NONE,
  PAGE,
  PRIVATE,
  type Racer,
  SHARED,
} from "./racer.ts";
import { MAX_PAGES } from "./shared.ts";

export function protect(racer: Racer, held: Held): void {
  const { mmap, memory } = held;
  const { first, past, offset, length } = racer.random(2) === 0
    ? { first: 0, past: racer.pageCount(held), offset: 0, length: memory.byteLength }
    : racer.range(held, 0);
  const own = memory.kind === PRIVATE ? 3 : 2;
  const access = [own, own, own, 0, 1, 4][racer.random(6)]!;
  if (access === 4 && memory.kind > PRIVATE) return; // folders can forbid it
  const text = `protect(${ACCESSES[access]}, ${offset}, ${length})`;
  const expected = memory.kind === MIRROR ? { must: ["ENOTSUP"] } : {
    ...racer.expectedOfChange(held),
    ...(access === 4 && { may: ["EBUSY", "EACCES", "EPERM"] }),
  };
  const isDone = racer.call("protect", expected, racer.text(held, text), () => {
    mmap.unsafeProtect(ACCESSES[access]!, offset, length);
  });
  if (!isDone) return racer.forgetDetached(held);
  racer.checkAlone(held, text);
  for (let page = first; page < past; page++) memory.setAccess(page, access);
  racer.checkDetached(held, first, past);
}

export function commit(racer: Racer, held: Held): void {
  const { mmap, memory } = held;
  const { first, past, offset, length } = racer.range(held, 0);
  const text = `commit(${offset}, ${length})`;
  const expected = memory.kind >= MIRROR ? { must: ["ENOTSUP"] } : racer.expectedOfChange(held);
  const isDone = racer.call("commit", expected, racer.text(held, text), () => {
    mmap.commit(offset, length);
  });
  if (!isDone) return racer.forgetDetached(held);
  racer.checkAlone(held, text);
  for (let page = first; page < past; page++) {
    if (memory.access(page) === NONE) memory.setAccess(page, 2);
  }
}

export function decommit(racer: Racer, held: Held): void {
  const { mmap, memory } = held;
  const { first, past, offset, length } = racer.range(held, 0);
  const text = `decommit(${offset}, ${length})`;
  const expected = memory.kind >= MIRROR ? { must: ["ENOTSUP"] } : racer.expectedOfChange(held);
  const isDone = racer.call("decommit", expected, racer.text(held, text), () => {
    mmap.decommit(offset, length);
  });
  if (!isDone) return racer.forgetDetached(held);
  racer.checkAlone(held, text);
  for (let page = first; page < past; page++) {
    memory.setAccess(page, NONE);
    for (let thread = 0; thread < racer.common.data.threads; thread++) {
      memory.noteWord(thread, page, 0);
    }
  }
  racer.checkDetached(held, first, past);
}

export function discard(racer: Racer, held: Held): void {
  const { mmap, memory } = held;
  if (racer.pageCount(held) < 2) return;
  const { first, past, offset, length } = racer.range(held, 1);
  const must = [MIRROR, SHARED, NAMED].includes(memory.kind)
    ? ["ENOTSUP"]
    : racer.isWritable(held, first, past)
    ? []
    : ["EACCES"];
  const may = memory.kind === PRIVATE && platform !== "linux" ? ["ENOTSUP"] : [];
  racer.call("discard", { must, may }, racer.text(held, `discard(${offset}, ${length})`), () => {
    mmap.discard(offset, length);
  });
}

export function resize(racer: Racer, held: Held): void {
  const { mmap, memory } = held;
  const { kind } = memory;
  const old = racer.pageCount(held);
  const byteLength = racer.random(4) === 0
    ? 64 + 64 * racer.random(MAX_PAGES * PAGE / 64)
    : PAGE * (1 + racer.random(MAX_PAGES));
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
  const { may = [] } = racer.expectedOfChange(held);
  // Decommitted memory is not uniform; locked memory has a limit, and none without access is copied.
  const others = ["EACCES", "EAGAIN", "ENOMEM"];
  const text = `resize(${byteLength})`;
  const isDone = racer.call(
    "resize",
    { must, may: [...may, ...others] },
    racer.text(held, text),
    () => mmap.resize(byteLength),
  );
  if (!isDone) return racer.forgetDetached(held);
  racer.checkAlone(held, text);
  memory.byteLength = byteLength;
  memory.address = mmap.address;
  const pages = racer.pageCount(held);
  for (let page = 0; page < pages; page++) memory.setAccess(page, access);
  // What is cut off is gone, but for that of a file.
  for (let page = Math.ceil(byteLength / PAGE); page < MAX_PAGES; page++) {
    if (kind >= PRIVATE) continue;
    for (let thread = 0; thread < racer.common.data.threads; thread++) {
      memory.noteWord(thread, page, 0);
    }
  }
  racer.checkDetached(held, 0, MAX_PAGES);
}
