// Uses the package where SES has frozen what the language has. The argument is the package ses.
import { pathToFileURL } from "node:url";

await import(pathToFileURL(`${process.argv[2]}/index.js`).href);
globalThis.lockdown();
const { Mmap, MmapOptions } = await import("sysalloc");
const mmap = new MmapOptions({ len: 65536 }).mapAnon();
mmap.view(Float64Array)[0] = 1;
await mmap.prefault();
Mmap.fromTicket(mmap.share()).unmap();
console.log(await mmap.waitAsync(0, 0, { timeout: 9 }));
mmap.unmap();
