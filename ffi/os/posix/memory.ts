/**
 * Anonymous memory on Linux and macOS.
 *
 * @module
 */
import type { Failure, MapRequest, Protection } from "../contract/memory.ts";
import type { Os } from "../contract/os.ts";
import {
  MAP_FAILED,
  MAP_FIXED,
  POSIX,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from "./calls.ts";
import type { CLibrary } from "./library.ts";

/** The argument of `mmap` and `mprotect` for each protection. */
export const PROTECTIONS: Readonly<Record<Protection, number>> = {
  "none": PROT_NONE,
  "read": PROT_READ,
  "read-write": PROT_READ | PROT_WRITE,
  "copy-on-write": PROT_READ | PROT_WRITE, // of a private mapping
  "read-execute": PROT_READ | PROT_EXEC,
};

/** The differences between Linux and macOS for anonymous memory. */
export interface MemoryFacts {
  /** The flags of `mmap` for a request. */
  readonly flags: (request: MapRequest) => number;
  /** The flags of `mmap` for a range without memory. */
  readonly vacant: number;
  /**
   * The advice of `madvise` that frees private memory immediately; `undefined` if the system has
   * none.
   */
  readonly freeing: number | undefined;
}

/** The calls that the kinds of memory have in common. */
export interface PosixMemory extends Pick<Os, "unmap" | "vacate" | "discard" | "protect"> {
  readonly flags: MemoryFacts["flags"];
  /** Maps with further flags. */
  map(request: MapRequest, more: number): bigint | Failure;
  /** Maps private memory over a range of the library's own. */
  replace(address: bigint, byteLength: bigint, protection: Protection): Failure | undefined;
}

/** Makes the calls. */
export function posixMemory(
  { open, failed }: CLibrary,
  { flags, vacant, freeing }: MemoryFacts,
): PosixMemory {
  const { mmap, munmap, mprotect, madvise } = open(POSIX, "mmap", "munmap", "mprotect", "madvise");
  const checked = (result: number, syscall: string) => result === 0 ? undefined : failed(syscall);

  // MAP_FIXED replaces only the library's own memory.
  const replace: PosixMemory["replace"] = (address, byteLength, protection) => {
    const access = PROTECTIONS[protection];
    const mapped = mmap(address, byteLength, access, vacant | MAP_FIXED, -1, 0n);
    return mapped === MAP_FAILED ? failed("mmap") : undefined;
  };
  const discard: PosixMemory["discard"] = (address, byteLength) =>
    freeing !== undefined && madvise(address, byteLength, freeing) === 0
      ? undefined
      : replace(address, byteLength, "read-write");

  return {
    flags,

    map(request, more) {
      const { hint, byteLength, protection } = request;
      const all = flags(request) | more;
      const address = mmap(hint, byteLength, PROTECTIONS[protection], all, -1, 0n);
      return address === MAP_FAILED ? failed("mmap") : address;
    },

    replace,

    // Nothing is called after it: the stack may be exhausted there.
    unmap: (address, byteLength) =>
      munmap(address, byteLength) === 0 ? undefined : failed("munmap"),

    vacate: (address, byteLength, isOnePiece = false) =>
      // Mapping anew can be refused at the limit of mappings.
      isOnePiece || replace(address, byteLength, "read-write") !== undefined
        ? discard(address, byteLength)
        : undefined,

    discard,

    protect: (address, byteLength, protection) =>
      checked(mprotect(address, byteLength, PROTECTIONS[protection]), "mprotect"),
  };
}
