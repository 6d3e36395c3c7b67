/**
 * Named memory on Windows: sections of the paging file.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { type AdvisedFailure, type Failure, meaning, refusal } from "../contract/memory.ts";
import type { NamedMemory, NewMemory } from "../contract/named.ts";
import {
  ERROR_ALREADY_EXISTS,
  FILE_MAP_READ,
  FILE_MAP_WRITE,
  INVALID_HANDLE_VALUE,
  wide,
} from "./files.ts";
import {
  MEM_COMMIT,
  MEM_FREE,
  MEM_MAPPED,
  PAGE_EXECUTE_READWRITE,
  PAGE_READWRITE,
} from "./constants.ts";
import { MemoryInformation } from "./query.ts";

const FUNCTIONS = {
  // HANDLE CreateFileMappingW(HANDLE hFile, LPSECURITY_ATTRIBUTES lpFileMappingAttributes,
  //   DWORD flProtect, DWORD dwMaximumSizeHigh, DWORD dwMaximumSizeLow, LPCWSTR lpName)
  CreateFileMappingW: {
    parameters: ["usize", "usize", "u32", "u32", "u32", "buffer"],
    result: "usize",
  },
  // HANDLE OpenFileMappingW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName)
  OpenFileMappingW: { parameters: ["u32", "i32", "buffer"], result: "usize" },
  // LPVOID MapViewOfFile(HANDLE hFileMappingObject, DWORD dwDesiredAccess, DWORD dwFileOffsetHigh,
  //   DWORD dwFileOffsetLow, SIZE_T dwNumberOfBytesToMap)
  MapViewOfFile: { parameters: ["usize", "u32", "u32", "u32", "usize"], result: "usize" },
  // BOOL UnmapViewOfFile(LPCVOID lpBaseAddress)
  UnmapViewOfFile: { parameters: ["usize"], result: "i32" },
  // SIZE_T VirtualQuery(LPCVOID lpAddress, PMEMORY_BASIC_INFORMATION lpBuffer, SIZE_T dwLength)
  VirtualQuery: { parameters: ["usize", "buffer", "usize"], result: "usize" },
  // BOOL CloseHandle(HANDLE hObject)
  CloseHandle: { parameters: ["usize"], result: "i32" },
} as const satisfies SymbolTable;

/**
 * Opens kernel32's calls of named sections:
 * {@link https://learn.microsoft.com/windows/win32/memory/creating-named-shared-memory}.
 * A section has its length, and its memory, from the start.
 */
export function windowsNamed(
  native: Native,
  failed: (syscall: string) => Failure,
): NamedMemory {
  const c = native.open("kernel32.dll", FUNCTIONS);
  const info = new MemoryInformation();

  /** The object of that name can be an event, a semaphore or the like, or another user's. */
  const asOther = (failure: Failure): AdvisedFailure => {
    if (failure.code === "EBADF") {
      return meaning(
        failure,
        "EEXIST",
        "what has this name is no memory, but an event or the like",
      );
    }
    return failure.code === "EACCES"
      ? {
        ...failure,
        advice: "it belongs to another user, or to a program that lets nobody have it",
      }
      : failure;
  };

  /**
   * The length of a section, by a view of all of it. What is no memory that can
   * be stored to everywhere (an image, or a section whose pages are committed
   * one by one) is refused: a store would end the process.
   */
  const lengthOf = (handle: bigint): number | AdvisedFailure => {
    const base = c.MapViewOfFile(handle, FILE_MAP_WRITE, 0, 0, 0n);
    if (base === 0n) return failed("MapViewOfFile");
    let address = base;
    let failure: AdvisedFailure | undefined;
    while (failure === undefined) {
      if (c.VirtualQuery(address, info.bytes, info.byteLength) === 0n) {
        failure = failed("VirtualQuery");
        break;
      }
      const { state, protect } = info;
      // Of what is free, the base is not defined.
      if (state === MEM_FREE || info.allocationBase !== base) break;
      const isPlain = state === MEM_COMMIT &&
        info.type === MEM_MAPPED &&
        (protect & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) !== 0;
      if (!isPlain) {
        failure = refusal(
          "ENOTSUP",
          "it is an image, or not all of it is committed: only plain memory is mapped",
        );
      }
      address = info.end;
    }
    if (c.UnmapViewOfFile(base) === 0) c.UnmapViewOfFile(base);
    return failure ?? Number(address - base);
  };

  return {
    isKeptOpen: true,

    pathOf: undefined,
    ownerOf: undefined,
    remove: undefined,

    open(name) {
      const handle = c.OpenFileMappingW(FILE_MAP_READ | FILE_MAP_WRITE, 0, sessionName(name));
      if (handle === 0n) return asOther(failed("OpenFileMappingW"));
      const byteLength = lengthOf(handle);
      if (typeof byteLength === "number") {
        return { file: Number(handle), byteLength, owner: undefined };
      }
      c.CloseHandle(handle);
      return byteLength;
    },

    // It is set aside whatever was asked: of what is not, a store would end the process.
    create(name, byteLength): NewMemory | AdvisedFailure {
      const handle = c.CreateFileMappingW(
        INVALID_HANDLE_VALUE,
        0n,
        PAGE_READWRITE,
        Number(BigInt(byteLength) >> 32n),
        Number(BigInt(byteLength) & 0xffff_ffffn),
        sessionName(name),
      );
      const failure = failed("CreateFileMappingW");
      if (handle === 0n) return asOther(failure);
      if (failure.osError !== ERROR_ALREADY_EXISTS) {
        return { file: Number(handle), publish: undefined, discard: undefined };
      }
      c.CloseHandle(handle); // it is the one that was there
      return failure;
    },
  };
}

/** A name that the processes of one session share: it needs no privilege. */
function sessionName(name: string): Uint8Array {
  return wide(`Local\\${name}`);
}
