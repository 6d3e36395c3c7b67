// Unmaps files that were truncated while the runtime's threads store to views of them:
// however the two meet, the guard has to be there for the next file.
import { randomFill } from "node:crypto";
import { closeSync, ftruncateSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { actionOf } from "../truncation/mapped_file.ts";
import { rounds } from "../support/rounds.ts";

const SIGBUS = 7;
const PAGES = 16;
const PAGE = pageSize();
const path = join(tmpdir(), `sysalloc-under-faults-${process.pid}`);
writeFileSync(path, new Uint8Array(PAGES * PAGE));
const descriptor = openSync(path, "r+");
const first = new MmapOptions().mapMut(path);
const isGuarded = first.bytes.length > 0 && first.truncationGuarded;
const { handler } = actionOf(SIGBUS);
const isThere = () => actionOf(SIGBUS).handler === handler;

// Deno says in no other way that a view was detached meanwhile.
let pending = 0;
process.on("uncaughtException", () => pending--);

let lost = 0;
for (let round = 0; round < rounds("unmappedUnderFaults"); round++) {
  const mmap = new MmapOptions().mapMut(path);
  const views = Array.from(
    { length: PAGES },
    (_, page) => mmap.view(Uint8Array, (PAGES - 1 - page) * PAGE, 8),
  );
  ftruncateSync(descriptor, 0);
  pending = PAGES;
  for (const view of views) {
    try {
      randomFill(view, () => pending--);
    } catch {
      pending--;
    }
  }
  for (let wait = Math.random() * 20_000; wait > 0; wait--);
  try {
    mmap.unmap();
  } catch (error) {
    // Bun does not let a buffer go that it uses.
    if (!(error instanceof MmapError) || error.code !== "EBUSY") throw error;
  }
  while (pending > 0) await new Promise((resolve) => setImmediate(resolve));
  ftruncateSync(descriptor, PAGES * PAGE);
  if (!isThere()) lost++;
}
ftruncateSync(descriptor, 0);
const loaded = first.bytes[0];
closeSync(descriptor);
unlinkSync(path);
console.log(JSON.stringify({ isGuarded, lost, loaded }));
process.exit(0);
