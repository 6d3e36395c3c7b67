// Runs into a limit of the address space that is set after the start.
import { readFileSync } from "node:fs";
import { currentRuntime } from "../../ffi/host.ts";
import { type MmapError, MmapOptions } from "../../mod.ts";

const MIB = 2 ** 20;
const { setrlimit } = currentRuntime().open("libc.so.6", {
  // int setrlimit(int resource, const struct rlimit *rlim)
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
});

function limitAddressSpace(byteLength: number): void {
  const RLIMIT_AS = 9;
  const limits = new BigUint64Array(2).fill(BigInt(byteLength));
  if (setrlimit(RLIMIT_AS, new Uint8Array(limits.buffer)) !== 0) throw new Error("setrlimit");
}

const big = new MmapOptions({ len: 1024 * MIB, noReserve: true });
const small = new MmapOptions({ len: 64 * MIB, noReserve: true });
const first = small.mapAnon();

const used = 1024 * Number(/^VmSize:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))![1]);
limitAddressSpace(used + 512 * MIB);

const errors = [];
for (const options of [big, big.populate(), big.withHint(first.address), big]) {
  try {
    options.mapAnon();
  } catch (error) {
    const { name, code, syscall, osError, message } = error as MmapError;
    errors.push({ name, code, syscall, osError, message });
  }
}
first.bytes[5] = 1;
first.unmap();
const again = small.mapAnon();
again.bytes[64 * MIB - 1] = 7;
console.log(JSON.stringify({ errors, again: again.bytes[64 * MIB - 1] }));
