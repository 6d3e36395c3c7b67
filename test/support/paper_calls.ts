/**
 * What the tests of file calls on systems of paper share.
 *
 * @module
 */
import type { FileRequest, FileUse } from "../../ffi/os/contract/files.ts";
import { request } from "./fake_runtime.ts";
import { PAPER_SYSTEMS, type PaperSystem } from "./paper_system.ts";

export const HINT: bigint = 2n ** 61n;
export const USES: readonly FileUse[] = ["read", "read-write", "read-execute"];

/** Opens a system whose file calls are open, and forgets what that took. */
export function opened(platform: string): PaperSystem {
  const system = PAPER_SYSTEMS[platform]!.open();
  void system.os.files;
  void system.os.copying;
  forget(system);
  return system;
}

export function forget({ runtime, account }: PaperSystem): void {
  runtime.calls.length = 0;
  account.calls.length = 0;
}

export function fail({ account }: PaperSystem, index: number, error: number): void {
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
export function names({ runtime }: PaperSystem): string[] {
  return runtime.calls.map(([name]) => name);
}
