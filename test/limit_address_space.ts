/**
 * A limit of the address space that is set after the start, on Linux.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { currentRuntime } from "../ffi/host.ts";

/** Lets this process map so many bytes more. */
export function limitAddressSpace(byteLength: number): void {
  const { setrlimit } = currentRuntime().open("libc.so.6", {
    // int setrlimit(int resource, const struct rlimit *rlim)
    setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  });
  const RLIMIT_AS = 9;
  const status = readFileSync("/proc/self/status", "utf8");
  const used = 1024 * Number(/^VmSize:\s*(\d+)/m.exec(status)![1]);
  const limits = new BigUint64Array(2).fill(BigInt(used + byteLength));
  if (setrlimit(RLIMIT_AS, new Uint8Array(limits.buffer)) !== 0) throw new Error("setrlimit");
}
