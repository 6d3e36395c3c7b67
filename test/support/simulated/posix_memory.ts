/**
 * The calls of Linux and macOS that map memory, and change what is mapped.
 *
 * @module
 */
import type { Calls } from "./calls.ts";
import { Refusal } from "./kernel.ts";
import type { StandIns } from "./runtime.ts";

const MAP_FAILED = 2n ** 64n - 1n;
/** The length of a memory of the engine. */
const ENGINE_BYTE_LENGTH = 2n ** 20n;

export function memoryCalls({ kernel, failing, status }: Calls): StandIns {
  const { space, guards, machine } = kernel;
  const own = (address: bigint, byteLength: bigint) => space.own(address, byteLength);

  const unmap = (address: bigint, byteLength: bigint) => {
    space.own(address, byteLength);
    guards.checkUnmapping(address, byteLength);
    space.unmap(address, byteLength);
  };

  const extend = (address: bigint, byteLength: bigint, newByteLength: bigint) => {
    const ENOMEM = 12;
    const [state] = space.states(address, byteLength);
    const [end, more] = [address + byteLength, newByteLength - byteLength];
    if (!space.isFree(end, more)) throw new Refusal(ENOMEM);
    space.map(end, more, state!);
    return address;
  };

  /** Where the engine has its shared memory. */
  const engineAddress = () => {
    if (space.engine === undefined) {
      const start = space.map(0n, ENGINE_BYTE_LENGTH, "anonymous 3");
      space.engine = { start, end: start + ENGINE_BYTE_LENGTH };
    }
    return space.engine.start;
  };

  return {
    ...failing(MAP_FAILED, {
      mmap(
        address: bigint,
        byteLength: bigint,
        protection: number,
        flags: number,
        file: number,
        offset: bigint,
      ) {
        const [MAP_SHARED, MAP_FIXED, MAP_HUGETLB] = [0x1, 0x10, 0x40000];
        const isFixed = (flags & MAP_FIXED) !== 0;
        if (isFixed) space.own(address, byteLength);
        const what = file === -1 ? "anonymous" : `file at ${offset}`;
        const kind = ((flags & MAP_SHARED) !== 0 ? "shared " : "") +
          ((flags & MAP_HUGETLB) !== 0 ? "huge " : "");
        return space.map(address, byteLength, `${kind}${what} ${protection}`, isFixed);
      },
      mremap(
        address: bigint,
        byteLength: bigint,
        newByteLength: bigint,
        flags: number,
        target: bigint,
      ) {
        const [MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP] = [1, 2, 4];
        if ((flags & MREMAP_MAYMOVE) === 0) return extend(address, byteLength, newByteLength);
        const isFixed = (flags & MREMAP_FIXED) !== 0;
        if (isFixed) space.own(target, newByteLength);
        // Of no length, it maps shared memory once more.
        const [state] = space.states(address, byteLength === 0n ? newByteLength : byteLength);
        if (byteLength !== 0n && (flags & MREMAP_DONTUNMAP) === 0) unmap(address, byteLength);
        return space.map(isFixed ? target : 0n, newByteLength, state!, isFixed);
      },
    }),
    ...status({
      munmap: unmap,
      mprotect: (address: bigint, byteLength: bigint, protection: number) =>
        space.protect(address, byteLength, protection),
      madvise(address: bigint, byteLength: bigint, advice: number) {
        const [MADV_DONTNEED, EINVAL] = [4, 22];
        space.own(address, byteLength);
        if (advice === MADV_DONTNEED && space.isLocked(address, byteLength)) {
          throw new Refusal(EINVAL);
        }
      },
      mlock: (address: bigint, byteLength: bigint) => space.lock(address, byteLength, true),
      munlock: (address: bigint, byteLength: bigint) => space.lock(address, byteLength, false),
      mincore(address: bigint, byteLength: bigint, vector: Uint8Array) {
        space.own(address, byteLength);
        const { pageSize = 4096, isResident } = machine;
        // The other bits of a byte are for macOS to use.
        for (let page = 0; page < Number(byteLength) / pageSize; page++) {
          vector[page] = isResident?.(address + BigInt(page * pageSize)) ? 0xff : 0xfe;
        }
      },
      msync: own,
    }),
    // Of a shared memory it is asked where that is.
    memmove: ({ buffer }: Uint8Array) => buffer instanceof SharedArrayBuffer ? engineAddress() : 0n,
    bcopy: () => {},
    memchr: () => 0n, // finds nothing, for no memory is simulated
    memmem: () => 0n,
  };
}
