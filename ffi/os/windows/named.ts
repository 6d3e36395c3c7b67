/**
 * Named memory on Windows: sections of the paging file.
 *
 * @module
 */
import { type AdvisedFailure, type Failure, meaning, refusal } from "../contract/memory.ts";
import type { NamedMemory, NewMemory } from "../contract/named.ts";
import { KERNEL32, NAMED_MAPPING } from "./calls.ts";
import {
  ERROR_ALREADY_EXISTS,
  FILE_MAP_READ,
  FILE_MAP_WRITE,
  INVALID_HANDLE_VALUE,
  MEM_COMMIT,
  MEM_FREE,
  MEM_MAPPED,
  PAGE_EXECUTE_READWRITE,
  PAGE_READWRITE,
} from "./constants.ts";
import { high, low, wide, type WindowsLibrary } from "./library.ts";
import { MemoryInformation } from "./query.ts";

/**
 * Opens kernel32's calls of named sections:
 * {@link https://learn.microsoft.com/windows/win32/memory/creating-named-shared-memory}. A section
 * has its full length and its memory from the start.
 */
export function windowsNamed({ native, open, failed }: WindowsLibrary): NamedMemory {
  const { CreateFileMappingW } = native.open("kernel32.dll", NAMED_MAPPING);
  const c = open(
    KERNEL32,
    "OpenFileMappingW",
    "MapViewOfFile",
    "UnmapViewOfFile",
    "VirtualQuery",
    "CloseHandle",
  );
  const info = new MemoryInformation();

  /**
   * Explains why a name cannot be opened: another kind of object has it, or the memory belongs to
   * another user.
   */
  const asOther = (failure: Failure): AdvisedFailure => {
    if (failure.code === "EBADF") {
      return meaning(
        failure,
        "EEXIST",
        "an object that is not memory, such as an event, has this name",
      );
    }
    return failure.code === "EACCES"
      ? {
        ...failure,
        advice: "it belongs to another user, or its access control list denies access",
      }
      : failure;
  };

  /**
   * Returns the length of a section by mapping a view of all of it. Refuses a section with pages
   * that cannot be stored to (an image, or one that is not fully committed), because a store would
   * end the process.
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
      // For free addresses, the base is undefined.
      if (state === MEM_FREE || info.allocationBase !== base) break;
      const isPlain = state === MEM_COMMIT &&
        info.type === MEM_MAPPED &&
        (protect & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) !== 0;
      if (!isPlain) {
        failure = refusal(
          "ENOTSUP",
          "it is an image, or is not fully committed: mapShared() maps only plain memory",
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
    grow: undefined, // a section keeps its length
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

    // Memory is always committed: otherwise a store could end the process.
    create(name, byteLength): NewMemory | AdvisedFailure {
      const handle = CreateFileMappingW(
        INVALID_HANDLE_VALUE,
        0n,
        PAGE_READWRITE,
        high(BigInt(byteLength)),
        low(BigInt(byteLength)),
        sessionName(name),
      );
      const failure = failed("CreateFileMappingW");
      if (handle === 0n) return asOther(failure);
      if (failure.osError !== ERROR_ALREADY_EXISTS) {
        return { file: Number(handle), publish: undefined, discard: undefined };
      }
      c.CloseHandle(handle); // of the existing section
      return failure;
    },
  };
}

/** Returns a name that the processes of one session share. A global name would need a privilege. */
function sessionName(name: string): Uint8Array {
  return wide(`Local\\${name}`);
}
