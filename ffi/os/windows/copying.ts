/**
 * Copying on Windows.
 *
 * @module
 */
import type { Copying } from "../contract/copying.ts";
import { KERNEL32 } from "./calls.ts";
import { CURRENT_PROCESS } from "./constants.ts";
import type { WindowsLibrary } from "./library.ts";

/**
 * Opens
 * {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-readprocessmemory | ReadProcessMemory}
 * and
 * {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-writeprocessmemory | WriteProcessMemory},
 * used here to copy within the process. They fail if a load or store would fault.
 */
export function windowsCopying({ open, failed }: WindowsLibrary): Copying {
  const c = open(KERNEL32, "ReadProcessMemory", "WriteProcessMemory");
  const copy = (
    syscall: "ReadProcessMemory" | "WriteProcessMemory",
    address: bigint,
    bytes: Uint8Array,
  ) => {
    const result = c[syscall](CURRENT_PROCESS, address, bytes, BigInt(bytes.byteLength), 0n);
    return result !== 0 ? undefined : failed(syscall);
  };
  return {
    peek: undefined,
    addressOf: undefined,
    read: (address, target) => copy("ReadProcessMemory", address, target),
    write: (address, source) => copy("WriteProcessMemory", address, source),
  };
}
