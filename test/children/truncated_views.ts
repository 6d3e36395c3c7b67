// Views of a mapped file that is truncated under them. Prints what was seen.
import { truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MmapError, MmapOptions, pageSize } from "../../mod.ts";

const [kind, isGuarded] = process.argv.slice(2) as ["map" | "mapMut", "guarded" | "unguarded"];
const path = join(tmpdir(), `sysalloc-truncated-${process.pid}`);
const PAGE = pageSize();

function codeOf(call: () => unknown): string {
  try {
    call();
    return "nothing";
  } catch (error) {
    return error instanceof MmapError ? error.code : String(error);
  }
}

try {
  writeFileSync(path, new Uint8Array(4 * PAGE).fill(7));
  const options = new MmapOptions().truncationGuard(isGuarded === "guarded");
  const mmap = options[kind](path);
  const copied = options[kind](path);
  const never = options[kind](path);
  const { bytes } = mmap;
  const before = [mmap.truncationGuarded, mmap.truncated, bytes[PAGE]];
  truncateSync(path, 1);
  if (isGuarded === "unguarded") unlinkSync(path); // what follows ends the process
  const loaded = [bytes[0], bytes[PAGE], bytes[4 * PAGE - 1]];
  bytes[2 * PAGE] = 5;
  const outcome = {
    before,
    loaded,
    stored: bytes[2 * PAGE],
    truncated: mmap.truncated,
    codes: [
      () => mmap.bytes,
      () => mmap.view(Uint8Array, PAGE - 1, 2),
      () => mmap.read(new Uint8Array(1), PAGE),
      () => mmap.write(new Uint8Array(1), 4 * PAGE - 1),
      () => mmap.resize(2 * PAGE),
      () => copied.read(new Uint8Array(1), PAGE),
      () => copied.write(new Uint8Array(1), PAGE),
    ].map(codeOf),
    good: [
      () => mmap.view(Uint8Array, 0, 1),
      () => mmap.read(new Uint8Array(1)),
      () => mmap.write(new Uint8Array([7])),
      () => mmap.flush(0, PAGE),
    ].map(codeOf),
    others: [copied.truncated, never.truncated],
    lock: codeOf(() => never.lock(PAGE)),
    lost: [mmap, copied, never].map(({ lostByteLength }) => lostByteLength / PAGE),
    // An anonymous mapping is in its place, and later calls know nothing of it.
    again: (() => {
      for (const each of [mmap, copied, never]) each.unmap();
      writeFileSync(path, new Uint8Array(PAGE).fill(9));
      const again = options[kind](path);
      return [again.bytes[PAGE - 1], again.truncated];
    })(),
  };
  console.log(JSON.stringify(outcome));
} finally {
  if (isGuarded === "guarded") unlinkSync(path);
}
