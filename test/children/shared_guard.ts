// Closes and collects a handle of a file that another handle goes on to guard, and
// prints what that handle, and one of its tickets, tell of a lost page.
import { truncateSync } from "node:fs";
import { Mmap, MmapOptions, pageSize } from "../../mod.ts";
import { collectGarbage } from "../support/harness.ts";
import { TempFolder } from "../support/temp_files.ts";

const PAGE = pageSize();
const folder = new TempFolder();
const path = folder.file("file", new Uint8Array(2 * PAGE));

/** Closes the first handle, which nothing reaches then. */
function second(): Mmap {
  using first = new MmapOptions().mapMut(path);
  first.read(new Uint8Array(1)); // guards it
  return Mmap.fromTicket(first.share());
}

const mmap = second();
await collectGarbage();
truncateSync(path, PAGE);
const byte = mmap.view(Uint8Array, PAGE)[0];
const other = Mmap.fromTicket(mmap.share());
console.log(JSON.stringify({ byte, truncated: [mmap.truncated, other.truncated] }));
for (const handle of [mmap, other]) handle.unmap();
folder[Symbol.dispose]();
