/**
 * What the tests of file calls on simulated systems share.
 *
 * @module
 */
import type { FileRequest, FileUse } from "../../ffi/os/contract/files.ts";
import { request } from "./fake_runtime.ts";
import { PAPER_SYSTEMS, type SimulatedSystem } from "./simulated_system.ts";

export const HINT: bigint = 2n ** 61n;
export const USES: readonly FileUse[] = ["read", "read-write", "read-execute"];

/** Opens a system whose file calls are open, and forgets what that took. */
export function opened(platform: string): SimulatedSystem {
  const system = PAPER_SYSTEMS[platform]!.open();
  void system.os.files;
  void system.os.copying;
  forget(system);
  return system;
}

export function forget({ runtime, account }: SimulatedSystem): void {
  runtime.calls.length = 0;
  account.calls.length = 0;
}

export function fail({ account }: SimulatedSystem, index: number, error: number): void {
  account.fault = { index: account.calls.length + index, error };
}

export function fileRequest(change: Partial<FileRequest> = {}): FileRequest {
  const plain = request({ byteLength: 8192n });
  return {
    ...plain,
    kind: "file",
    file: 7,
    name: "the file",
    isNamed: false,
    offset: 0n,
    ...change,
  };
}

/** Calls without their buffers, which are not those of the caller. */
export function names({ runtime }: SimulatedSystem): string[] {
  return runtime.calls.map(([name]) => name);
}
