/**
 * The calls that Linux alone has: system calls by their numbers, copying, and what its truncation
 * guard installs.
 *
 * @module
 */
import type { Calls } from "./calls.ts";
import { OVERWRITTEN } from "./kernel.ts";
import { writeStatus } from "./posix_files.ts";
import type { StandIns } from "./runtime.ts";

/** The address of a handler that is installed. */
const HANDLER = 2n ** 59n + 65_536n;

/** The names of system calls, by their numbers on x64 and on arm64. */
const SYSTEM_CALLS: ReadonlyMap<bigint, string> = new Map([
  ...[5n, 80n].map((number) => [number, "fstat"] as const),
  ...[262n, 79n].map((number) => [number, "newfstatat"] as const),
  ...[186n, 178n].map((number) => [number, "gettid"] as const),
  ...[202n, 98n].map((number) => [number, "futex"] as const),
  ...[325n, 284n].map((number) => [number, "mlock2"] as const),
]);

export function linuxCalls(
  { kernel, setError, failing, status }: Calls,
): StandIns {
  const ETIMEDOUT = 110;
  const { space } = kernel;
  let handler = 0n;

  return {
    syscall(number: bigint, first: bigint, second: bigint | Uint8Array, third: Uint8Array) {
      const name = SYSTEM_CALLS.get(number)!;
      if (name === "gettid") return 1235;
      const FUTEX_WAIT = 0n;
      const isWait = name === "futex" && second === FUTEX_WAIT;
      const error = kernel.called(name) ?? (isWait ? ETIMEDOUT : undefined);
      setError(error ?? OVERWRITTEN);
      if (error !== undefined) return -1;
      if (name === "futex") return 1;
      if (name === "mlock2") space.lock(first, second as bigint, true);
      else writeStatus(kernel, name === "fstat" ? second as Uint8Array : third);
      return 0;
    },
    ...status({
      prctl: (_operation: number, _kind: bigint, address: bigint, byteLength: bigint) =>
        space.own(address, byteLength),
      sigaction(_signal: number, action: bigint, old: Uint8Array) {
        old.fill(0);
        new DataView(old.buffer, old.byteOffset).setBigUint64(0, handler, true);
        if (action !== 0n) handler = HANDLER;
      },
    }),
    ...failing(-1n, {
      process_vm_readv: () => kernel.copies.shift() ?? 1n,
      process_vm_writev: () => kernel.copies.shift() ?? 1n,
    }),
    clock_gettime(_clock: number, address: bigint) {
      new BigInt64Array(kernel.viewed.get(address)!, 0, 2).set([0n, kernel.now()]);
      return 0;
    },
    sigprocmask: () => 0,
    memcpy(target: bigint, code: Uint8Array) {
      kernel.installedCode = code.slice();
      return target;
    },
  };
}
