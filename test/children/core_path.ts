// Uses what a program starts with, in a runtime whose lazily loaded globals tell when
// they are looked at: what is behind them takes milliseconds to load. Prints which were
// looked at by the import, and which by the first memory and the first file.
import { fileURLToPath } from "node:url";

const LAZY = [
  "Buffer",
  "MessageChannel",
  "TextDecoder",
  "Worker",
  "clearTimeout",
  "crypto",
  "fetch",
  "navigator",
  "performance",
  "process",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "structuredClone",
];
const seen: string[] = [];
const file = fileURLToPath(import.meta.url);
for (const name of LAZY) {
  const value = (globalThis as Record<string, unknown>)[name];
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get() {
      seen.push(name);
      return value;
    },
  });
}
await import("../../ffi/symbols.ts"); // what loading any module looks at
seen.length = 0;
const { MmapOptions } = await import("../../mod.ts");
const byImport = seen.splice(0);
const mmap = new MmapOptions({ len: 65_536 }).mapAnon();
mmap.bytes[0] = 42;
mmap.unmap();
const mapped = new MmapOptions().map(file);
const first = mapped.bytes[0];
mapped.unmap();
const byUse = seen.splice(0);
for (const name of LAZY) {
  const { get } = Object.getOwnPropertyDescriptor(globalThis, name)!;
  Object.defineProperty(globalThis, name, { value: get!(), writable: true });
}
console.log(JSON.stringify({ byImport, byUse, first }));
