// Has a pending call use a buffer of pages whose access is to change, and prints what came of
// each attempt: while it is pending, and once the buffer is collected.
import { brotliCompress } from "node:zlib";
import { type MmapError, MmapOptions } from "../../mod.ts";
import { collectGarbage } from "../support/harness.ts";

const mmap = new MmapOptions({ len: 4 * 2 ** 20 }).mapAnon();

function attempt(): string {
  try {
    mmap.protect("none");
  } catch (error) {
    return (error as MmapError).code;
  }
  return mmap.access as string;
}

function compress(): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  brotliCompress(mmap.bytes.fill(7), (error) => resolve(error === null));
  return promise;
}

const pending = compress();
const first = attempt();
const isCompressed = await pending;
let last = "EBUSY";
for (let round = 0; round < 50 && last === "EBUSY"; round++) {
  await collectGarbage();
  last = attempt(); // which keeps the buffer until the end of this turn
}
console.log(JSON.stringify({ first, isCompressed, last }));
