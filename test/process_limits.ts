/**
 * Limits of this process that are set after its start, on Linux.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { currentRuntime } from "../ffi/host.ts";
import { RLIMIT_AS, RLIMIT_DATA } from "../ffi/os/linux_room.ts";

/** Lets this process map so many bytes more. */
export function limitAddressSpace(byteLength: number): void {
  limit(RLIMIT_AS, "VmSize", byteLength);
}

/** Lets this process map so many bytes more of private memory that can be stored to. */
export function limitData(byteLength: number): void {
  limit(RLIMIT_DATA, "VmData", byteLength);
}

function limit(resource: number, name: string, byteLength: number): void {
  const { setrlimit } = currentRuntime().open("libc.so.6", {
    // int setrlimit(int resource, const struct rlimit *rlim)
    setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  });
  const status = readFileSync("/proc/self/status", "utf8");
  const used = 1024 * Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)![1]);
  const limits = new BigUint64Array(2).fill(BigInt(used + byteLength));
  if (setrlimit(resource, new Uint8Array(limits.buffer)) !== 0) throw new Error("setrlimit");
}
