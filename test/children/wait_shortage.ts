// Waits without blocking where limits leave no room for another thread, and when they do again.
import { readdirSync, readFileSync } from "node:fs";
import { currentRuntime, runtimeThreads } from "../../ffi/host.ts";
import { MmapOptions, pageSize } from "../../mod.ts";
import { collectGarbage } from "../support/harness.ts";

const [what = ""] = process.argv.slice(2);
const { getrlimit, setrlimit } = currentRuntime().open("libc.so.6", {
  // int getrlimit(int resource, struct rlimit *rlim)
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // int setrlimit(int resource, const struct rlimit *rlim)
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
});
const mmap = new MmapOptions({ len: pageSize() }).mapAnon();
const { needs } = runtimeThreads();
const status = (name: string) =>
  1024 *
  Number(new RegExp(`${name}:\\s*(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))![1]);
const wait = (timeout: number) =>
  mmap.waitAsync(0, 0, { timeout }).catch(({ code, message }) =>
    `${code} ${/RLIMIT_\w+/.exec(message)?.[0]}`
  );
/** The limit below which so many descriptors are free. */
const descriptorLimit = (free: number) => {
  const open = new Set(readdirSync("/proc/self/fd").map(Number));
  let limit = 0;
  for (let left = free; left > 0; limit++) if (!open.has(limit)) left--;
  return limit;
};
/** The number of a limit, and one that leaves room for so many threads. */
const { resource, roomFor } = ({
  descriptors: {
    resource: 7,
    roomFor: (count: number) => descriptorLimit(needs.descriptors * count),
  },
  addresses: {
    resource: 9,
    roomFor: (count: number) => status("VmSize") + needs.addressBytes * count,
  },
  data: { resource: 2, roomFor: (count: number) => status("VmData") + needs.dataBytes * count },
} as Readonly<
  Record<string, { readonly resource: number; readonly roomFor: (count: number) => number }>
>)[what]!;
const limits = new BigUint64Array(2);
const bytes = new Uint8Array(limits.buffer);
if (getrlimit(resource, bytes) !== 0) throw new Error("getrlimit() failed");
const before = limits[0]!;
const limit = (value: bigint) => {
  limits[0] = value;
  if (setrlimit(resource, bytes) !== 0) throw new Error("setrlimit() failed");
};
await collectGarbage(); // or it would give memory back meanwhile
limit(BigInt(roomFor(0.5))); // the engine goes on finding some
const refused = await wait(1);
const others = [await mmap.waitAsync(0, 1), await mmap.waitAsync(0, 0, { timeout: 0 })];
limit(BigInt(roomFor(1.5)));
const two = await Promise.all([wait(500), wait(500)]); // the first one has taken nothing yet
limit(BigInt(roomFor(0.5)));
const idle = await wait(1); // by a thread that is there
limit(before);
// What is held counts until it is released, which it is for a thread.
void wait(60_000); // it takes the one that is idle
const { addressBytes, dataBytes } = needs;
const held = new MmapOptions({ len: Math.max(addressBytes, dataBytes), noReserve: true }).mapAnon();
held.bytes[0] = 1;
held.unmap();
limit(BigInt(roomFor(0.5)));
const released = await wait(1);
limit(before);
console.log(JSON.stringify({ refused, others, two, idle, released }));
process.exit(0);
