/**
 * Whose a file is, on Linux and macOS.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { OpenFile } from "../contract/files.ts";
import { lazily } from "../../lazily.ts";
import type { Failure } from "../contract/memory.ts";
import type { Owner } from "../contract/named.ts";
import type { PosixShared } from "./calls.ts";
import { newStatus, type StatCall } from "./files.ts";

/** Where a system's `struct stat` has them, in bytes. */
export interface OwnerFields {
  /** `offsetof(struct stat, st_mode)`, whose lower 16 bits are asked for */
  readonly mode: number;
  /** `offsetof(struct stat, st_uid)` */
  readonly user: number;
}

const FUNCTIONS = {
  // uid_t geteuid(void)
  geteuid: { parameters: [], result: "u32" },
} as const satisfies SymbolTable;

/** The bits of a mode that are permissions. */
const PERMISSIONS = 0o7777;

/** Makes what tells whose an open file is; its calls are opened when it is first asked. */
export function posixOwner(
  native: Native,
  { library, failed }: PosixShared,
  openStat: () => StatCall,
  { mode, user }: OwnerFields,
): (file: OpenFile) => Owner | Failure {
  const calls = lazily(() => ({ ...native.open(library, FUNCTIONS), fstat: openStat() }));
  const status = newStatus();
  const fields = new DataView(status.buffer);
  return (file) => {
    const { geteuid, fstat } = calls();
    if (fstat(file, status) !== 0) return failed("fstat");
    return {
      user: fields.getUint32(user, true),
      self: geteuid(),
      mode: fields.getUint16(mode, true) & PERMISSIONS,
    };
  };
}
