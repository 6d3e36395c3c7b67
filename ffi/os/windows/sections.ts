/**
 * Sections of files on Windows.
 *
 * @module
 */
import type { FileRequest } from "../contract/files.ts";
import type { Failure, Protection } from "../contract/memory.ts";
import { KERNEL32 } from "./calls.ts";
import { PAGE_EXECUTE_READ, PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY } from "./constants.ts";
import type { WindowsLibrary } from "./library.ts";

/** The protections of sections. */
export const SECTIONS: Readonly<Partial<Record<Protection, number>>> = {
  "copy-on-write": PAGE_WRITECOPY,
  "read-write": PAGE_READWRITE,
  "read": PAGE_READONLY,
  "read-execute": PAGE_EXECUTE_READ,
};

/** Calls `use` with a section of all of a file. The views that it maps keep the section open. */
export type WithSection = <T>(
  request: Pick<FileRequest, "file" | "isNamed">,
  protection: number,
  use: (section: bigint) => T,
) => T | Failure;

/** Opens {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw | CreateFileMappingW}. */
export function windowsSections({ open, failed }: WindowsLibrary): WithSection {
  const { CreateFileMappingW, CloseHandle } = open(KERNEL32, "CreateFileMappingW", "CloseHandle");
  return ({ file, isNamed }, protection, use) => {
    if (isNamed) return use(BigInt(file)); // a section itself
    const section = CreateFileMappingW(BigInt(file), 0n, protection, 0, 0, 0n);
    if (section === 0n) return failed("CreateFileMappingW");
    const result = use(section);
    CloseHandle(section);
    return result;
  };
}
