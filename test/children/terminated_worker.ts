// Terminates a worker that has a handle, and prints what becomes of the memory.
import { type Mmap, MmapOptions } from "../../mod.ts";
import { isMapped } from "../support/memory_map.ts";
import { slotsInUse } from "../support/slots_in_use.ts";
import { TicketWorker } from "../support/ticket_workers.ts";

const LENGTH = 65_536;

function codeOf(mmap: Mmap): unknown {
  try {
    mmap.unsafeProtect("read");
    return "no error";
  } catch (error) {
    return (error as { code: unknown }).code;
  }
}

const results: Record<string, unknown> = {};
for (const isUnmapped of [false, true]) {
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  const { address } = mmap;
  const worker = new TicketWorker();
  await worker.ask({ take: mmap.share(), ...(!isUnmapped && { store: 7 }) });
  if (isUnmapped) await worker.ask({ unmap: true });
  await worker.end();
  const content = mmap.bytes[0];
  const code = codeOf(mmap);
  mmap.unmap();
  results[isUnmapped ? "unmapped before" : "with a handle"] = {
    content,
    code,
    mapped: isUnmapped ? undefined : isMapped(address, LENGTH),
    slots: slotsInUse(),
  };
}
console.log(JSON.stringify(results));
process.exit(0);
