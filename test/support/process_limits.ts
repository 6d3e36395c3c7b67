/**
 * Limits of this process that are set after its start, on Linux.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { currentRuntime } from "../../ffi/host.ts";
import { RLIMIT_AS, RLIMIT_DATA } from "../../ffi/os/linux/calls.ts";

/** Lets this process map so many bytes more, until the function is called that it returns. */
export function limitAddressSpace(byteLength: number): () => void {
  return limit(RLIMIT_AS, "VmSize", byteLength);
}

/** Lets it map so many bytes more of private memory that can be stored to, likewise. */
export function limitData(byteLength: number): () => void {
  return limit(RLIMIT_DATA, "VmData", byteLength);
}

function limit(resource: number, name: string, byteLength: number): () => void {
  const { setrlimit } = currentRuntime().open("libc.so.6", {
    // int setrlimit(int resource, const struct rlimit *rlim)
    setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  });
  const set = (soft: bigint) => {
    const limits = new Uint8Array(new BigUint64Array([soft, RLIM_INFINITY]).buffer);
    if (setrlimit(resource, limits) !== 0) throw new Error("setrlimit");
  };
  const status = readFileSync("/proc/self/status", "utf8");
  const used = 1024 * Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)![1]);
  set(BigInt(used + byteLength));
  return () => set(RLIM_INFINITY);
}

const RLIM_INFINITY = 2n ** 64n - 1n;
