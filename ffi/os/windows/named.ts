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
 * {@link https://learn.microsoft.com/windows/win32/memory/creating-named-shared-memory}.
 * A section has its length, and its memory, from the start.
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

  /** Tells what has the name: an event, a semaphore or the like, or another user's memory. */
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
        advice: "it belongs to another user, or to a program that lets nobody use it",
      }
      : failure;
  };

  /**
   * Returns the length of a section, by a view of all of it. A section that cannot be stored to
   * everywhere (an image, or one whose pages are committed one by one) is refused, because a store
   * would end the process.
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
      // The base of free addresses is not defined.
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

    // Memory is always set aside: otherwise a store could end the process.
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
      c.CloseHandle(handle); // of the section that was there
      return failure;
    },
  };
}

/** Returns a name that the processes of one session share, which takes no privilege. */
function sessionName(name: string): Uint8Array {
  return wide(`Local\\${name}`);
}
