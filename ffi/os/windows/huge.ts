/**
 * Large pages on Windows.
 *
 * @module
 */
import { lazily } from "../../lazily.ts";
import { own } from "../../own.ts";
import type { Functions } from "../../symbols.ts";
import { type Failure, type Mapper, type MapRequest, UNSUPPORTED } from "../contract/memory.ts";
import type { HugePages } from "../contract/os.ts";
import { ADVAPI32, KERNEL32 } from "./calls.ts";
import {
  CURRENT_PROCESS,
  MEM_COMMIT,
  MEM_LARGE_PAGES,
  MEM_RESERVE,
  SE_PRIVILEGE_ENABLED,
  TOKEN_ADJUST_PRIVILEGES,
} from "./constants.ts";
import { wide, type WindowsLibrary } from "./library.ts";

const PRIVILEGE = "SeLockMemoryPrivilege";

/** The advice if large pages are refused, by the code of the error. */
const ADVICE: Readonly<Record<string, string>> = {
  EPERM: `the user needs the right "Lock pages in memory" (${PRIVILEGE}), which the local ` +
    "security policy gives",
  ENOMEM: "too little memory is in one piece for large pages: map them soon after the start of " +
    "the system, or map less",
};

/** Makes the mapper of large pages from the calls for anonymous memory. */
export function windowsHuge(
  library: WindowsLibrary,
  map: (request: MapRequest, type: number) => bigint | Failure,
  { unmap, protect }: Pick<Mapper<MapRequest>, "unmap" | "protect">,
): HugePages {
  const { GetLargePageMinimum } = library.open(KERNEL32, "GetLargePageMinimum", "CloseHandle");
  const pageByteLength = Number(GetLargePageMinimum()); // 0 if the processor has none
  const tokens = lazily(() => library.native.open("advapi32.dll", ADVAPI32));
  const mapper: Mapper<MapRequest> = {
    map(request) {
      enablePrivilege(library, tokens());
      const address = map(request, MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES);
      return typeof address === "bigint"
        ? address
        : { ...address, advice: own(ADVICE, address.code) };
    },
    unmap,
    vacate: () => UNSUPPORTED, // the memory is freed with the range
    discard: () => UNSUPPORTED,
    protect,
  };
  return {
    pageByteLength,
    mapper: (asked) => asked === pageByteLength ? mapper : undefined,
  };
}

/**
 * Enables the privilege, which is off by default even if the user has it. If this fails, mapping
 * fails later.
 */
function enablePrivilege({ open }: WindowsLibrary, c: Functions<typeof ADVAPI32>): void {
  const token = new Uint8Array(8);
  if (c.OpenProcessToken(CURRENT_PROCESS, TOKEN_ADJUST_PRIVILEGES, token) === 0) return;
  const handle = new DataView(token.buffer).getBigUint64(0, true);
  // TOKEN_PRIVILEGES: PrivilegeCount at 0, Privileges[0].Luid at 4, .Attributes at 12
  const privileges = new Uint8Array(16);
  const fields = new DataView(privileges.buffer);
  fields.setUint32(0, 1, true);
  fields.setUint32(12, SE_PRIVILEGE_ENABLED, true);
  const luid = privileges.subarray(4, 12);
  if (c.LookupPrivilegeValueW(0n, wide(PRIVILEGE), luid) !== 0) {
    c.AdjustTokenPrivileges(handle, 0, privileges, 0, 0n, 0n);
  }
  open(KERNEL32, "CloseHandle").CloseHandle(handle);
}
