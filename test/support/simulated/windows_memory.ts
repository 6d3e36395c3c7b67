/**
 * The calls of Windows that map memory, and change what is mapped.
 *
 * @module
 */
import { MAXIMUM_ADDRESS, pagesUp } from "./address_space.ts";
import type { Calls } from "./calls.ts";
import { type Kernel, Refusal } from "./kernel.ts";
import type { StandIns } from "./runtime.ts";

const [MEM_COMMIT, MEM_RESERVE, MEM_FREE] = [0x1000, 0x2000, 0x1_0000];
const [MEM_PRIVATE, MEM_MAPPED] = [0x2_0000, 0x4_0000];
const ERROR_INVALID_ADDRESS = 487;

export function memoryCalls({ kernel, failing, status }: Calls): StandIns {
  const [MEM_DECOMMIT, MEM_LARGE_PAGES] = [0x4000, 0x2000_0000];
  const [MEM_COALESCE_PLACEHOLDERS, MEM_PRESERVE_PLACEHOLDER] = [0x1, 0x2];
  const [ERROR_NOT_LOCKED, ERROR_WORKING_SET_QUOTA] = [158, 1453];
  const { space, machine } = kernel;
  const isCommitted = (address: bigint, byteLength: bigint) =>
    space.states(address, byteLength).every((state) => /\d$/.test(state));
  const checkPlaceholders = (address: bigint, byteLength: bigint) => {
    const states = space.states(address, byteLength);
    if (states.some((state) => state !== "placeholder")) throw new Error("No placeholder");
  };
  const checkCommitted = (address: bigint, byteLength: bigint) => {
    if (!isCommitted(address, byteLength)) throw new Refusal(ERROR_INVALID_ADDRESS);
  };

  /** Commits what is reserved. The protection of what is committed stays. */
  const commit = (address: bigint, byteLength: bigint, protection: number) => {
    const isMemory = space.states(address, byteLength).every((state) => !/^(file|sec)/.test(state));
    if (!isMemory) throw new Refusal(ERROR_INVALID_ADDRESS);
    const committed = `memory ${protection}`;
    space.change(address, byteLength, (state) => state === "reserved" ? committed : state);
    return address;
  };

  return {
    ...failing(0n, {
      VirtualAlloc(address: bigint, byteLength: bigint, type: number, protection: number) {
        if ((type & MEM_RESERVE) === 0) return commit(address, byteLength, protection);
        const kind = (type & MEM_LARGE_PAGES) !== 0 ? "huge memory" : "memory";
        const state = (type & MEM_COMMIT) !== 0 ? `${kind} ${protection}` : "reserved";
        return mapThere(kernel, address, byteLength, state);
      },
      VirtualAlloc2: (_process: bigint, address: bigint, byteLength: bigint) =>
        mapThere(kernel, address, byteLength, "placeholder"),
      VirtualQuery(address: bigint, info: Uint8Array) {
        const fields = new DataView(info.buffer);
        const run = space.at(address);
        const end = run && pagesUp(run.end);
        const endOrNext = end ?? space.from(address)?.start ?? MAXIMUM_ADDRESS + 1n;
        const isReserved = run !== undefined && !/\d$/.test(run.state);
        const state = run === undefined ? MEM_FREE : isReserved ? MEM_RESERVE : MEM_COMMIT;
        const protection = Number(/\d+$/.exec(run?.state ?? "")?.[0] ?? 0);
        const isMapped = /^(file|section)/.test(run?.state ?? "");
        fields.setBigUint64(0, address, true); // PVOID BaseAddress
        fields.setBigUint64(8, run?.base ?? 0n, true); // PVOID AllocationBase
        const first = kernel.views.get(run?.base ?? 0n) ?? protection;
        fields.setUint32(16, first, true); // DWORD AllocationProtect
        fields.setBigUint64(24, endOrNext - address, true); // SIZE_T RegionSize
        fields.setUint32(32, state, true); // DWORD State
        fields.setUint32(36, protection, true); // DWORD Protect
        fields.setUint32(40, isMapped ? MEM_MAPPED : MEM_PRIVATE, true); // DWORD Type
        return 48n;
      },
    }),
    ...status({
      VirtualFree(address: bigint, byteLength: bigint, type: number) {
        if (type === MEM_DECOMMIT) space.change(address, byteLength, () => "reserved");
        else if ((type & MEM_PRESERVE_PLACEHOLDER) !== 0) {
          checkPlaceholders(address, byteLength);
          space.split(address, byteLength);
        } else if ((type & MEM_COALESCE_PLACEHOLDERS) !== 0) {
          checkPlaceholders(address, byteLength);
          const isExact = space.at(address)?.base === address &&
            space.at(address + byteLength - 1n)?.end === address + byteLength;
          if (!isExact || space.bases(address, byteLength).length === 1) {
            throw new Error("No placeholders to join");
          }
          space.map(address, byteLength, "placeholder", true);
        } else space.unmapWhole(address);
      },
      VirtualProtect(address: bigint, byteLength: bigint, protection: number) {
        checkCommitted(address, byteLength);
        checkOneView(kernel, address, byteLength);
        space.protect(address, byteLength, protection);
      },
      VirtualLock(address: bigint, byteLength: bigint) {
        checkCommitted(address, byteLength);
        if (kernel.lockable < byteLength) throw new Refusal(ERROR_WORKING_SET_QUOTA);
        kernel.lockable -= byteLength;
        space.lock(address, byteLength, true);
      },
      VirtualUnlock(address: bigint, byteLength: bigint) {
        if (!space.isLocked(address, byteLength)) throw new Refusal(ERROR_NOT_LOCKED);
        space.lock(address, byteLength, false);
      },
      GetProcessWorkingSetSize(_process: bigint, minimum: Uint8Array, maximum: Uint8Array) {
        new DataView(minimum.buffer).setBigUint64(0, 204_800n, true);
        new DataView(maximum.buffer).setBigUint64(0, 1_413_120n, true);
      },
      SetProcessWorkingSetSize(_process: bigint, minimum: bigint) {
        kernel.lockable = minimum;
      },
      PrefetchVirtualMemory() {},
      K32QueryWorkingSetEx(_process: bigint, entries: Uint8Array, byteLength: number) {
        const fields = new DataView(entries.buffer);
        for (let offset = 0; offset < byteLength; offset += 16) {
          const isResident = machine.isResident?.(fields.getBigUint64(offset, true)) ?? false;
          fields.setBigUint64(offset + 8, isResident ? 0x4001n : 0x4000n, true);
        }
      },
      ReadProcessMemory() {},
      WriteProcessMemory() {},
      OpenProcessToken(_process: bigint, _access: number, token: Uint8Array) {
        new DataView(token.buffer).setBigUint64(0, BigInt(kernel.opened("token")), true);
      },
      LookupPrivilegeValueW() {},
      AdjustTokenPrivileges() {},
    }),
    DiscardVirtualMemory(address: bigint, byteLength: bigint) {
      const error = kernel.called("DiscardVirtualMemory");
      return error ?? (isCommitted(address, byteLength) ? 0 : ERROR_INVALID_ADDRESS);
    },
    RtlZeroMemory(address: bigint, byteLength: bigint) {
      if (!isCommitted(address, byteLength)) throw new Error("A store would end the process");
    },
    RtlMoveMemory: () => {},
    memchr: () => 0n, // finds nothing, for no memory is simulated
    memmove: () => 0n,
    GetLargePageMinimum: () => 2n ** 21n,
  };
}

/** Refuses a range of several views. */
export function checkOneView({ space }: Kernel, address: bigint, byteLength: bigint): void {
  if (space.bases(address, byteLength).length > 1) throw new Refusal(ERROR_INVALID_ADDRESS);
}

/** Maps at an address, or anywhere for 0. Unlike POSIX, Windows looks for no other place. */
export function mapThere(
  { space }: Kernel,
  address: bigint,
  byteLength: bigint,
  state: string,
): bigint {
  const isTaken = address !== 0n && !space.isFree(address, byteLength);
  if (isTaken && space.forced === undefined) throw new Refusal(ERROR_INVALID_ADDRESS);
  return space.map(address, byteLength, state);
}
