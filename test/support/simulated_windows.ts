/**
 * Simulated Windows, in which addresses that are merely reserved are told from
 * pages that are committed.
 *
 * @module
 */
import { windows } from "../../ffi/os/windows/os.ts";
import { OVERWRITTEN, writeSystemInfo } from "./fake_runtime.ts";
import {
  Account,
  FILE_IDENTITY,
  MAXIMUM_ADDRESS,
  PAGE,
  Refusal,
  SimulatedRuntime,
  type SimulatedSystem,
} from "./simulated_account.ts";

const INVALID_HANDLE_VALUE = 2n ** 64n - 1n;
const MEM_COMMIT = 0x1000;
const MEM_RESERVE = 0x2000;
const MEM_DECOMMIT = 0x4000;
const MEM_FREE = 0x1_0000;
const MEM_PRIVATE = 0x2_0000;
const MEM_MAPPED = 0x4_0000;
const MEM_PRESERVE_PLACEHOLDER = 0x2;
const MEM_LARGE_PAGES = 0x2000_0000;
const ERROR_FILE_NOT_FOUND = 2;
const ERROR_NOT_LOCKED = 158;
const ERROR_ALREADY_EXISTS = 183;
const ERROR_TOO_MANY_POSTS = 298;
const WAIT_TIMEOUT = 258;
const ERROR_INVALID_ADDRESS = 487;
const ERROR_WORKING_SET_QUOTA = 1453;

/** Writes UTF-16, and returns how many code units. */
function write(target: Uint8Array, text: string): number {
  const units = new DataView(target.buffer);
  for (let index = 0; index < text.length; index++) {
    units.setUint16(2 * index, text.charCodeAt(index), true);
  }
  return text.length;
}

/** Opens such a system. */
export function simulatedWindows(): SimulatedSystem {
  const account = new Account();
  let lastError = OVERWRITTEN;
  let position = 0;
  let sectionByteLength = 0n;
  let time = 0n;
  const isCommitted = (address: bigint, byteLength: bigint) =>
    account.states(address, byteLength).every((state) => /\d$/.test(state));
  /** Sees to it that nothing touches what is not there. */
  const checkCommitted = (address: bigint, byteLength: bigint) => {
    if (!isCommitted(address, byteLength)) throw new Error("It is not committed");
  };
  const protect = (address: bigint, byteLength: bigint, protection: number) =>
    account.change(address, byteLength, (state) => state.replace(/\d+$/, String(protection)));

  /** The semaphores and mutexes that are open, by handle. */
  const objects: Map<bigint, { readonly name: string; count: number }> = new Map();
  const create = (name: string, count: number) => {
    const same = [...objects.values()].find((other) => other.name === name);
    if (same !== undefined) lastError = ERROR_ALREADY_EXISTS;
    const handle = BigInt(account.opened("object"));
    objects.set(handle, same ?? { name, count });
    return handle;
  };
  const find = (_access: number, _inherits: number, name: Uint8Array) => {
    const same = [...objects.values()].find((other) => other.name === textOf(name));
    if (same === undefined) throw new Refusal(ERROR_FILE_NOT_FOUND);
    return create(same.name, same.count);
  };

  const standIns = {
    ...account.failable((error) => lastError = error || OVERWRITTEN, {
      VirtualAlloc: [
        0n,
        (address: bigint, byteLength: bigint, type: number, protection: number) => {
          if ((type & MEM_RESERVE) === 0) {
            // The protection of what is committed may change, or not.
            const isMemory = account.states(address, byteLength).every((state) =>
              !state.startsWith("file") && !state.startsWith("section")
            );
            if (!isMemory) throw new Refusal(ERROR_INVALID_ADDRESS);
            account.change(
              address,
              byteLength,
              (state) => state === "reserved" ? `memory ${protection}` : state,
            );
            return address;
          }
          const kind = (type & MEM_LARGE_PAGES) !== 0 ? "huge memory" : "memory";
          const state = (type & MEM_COMMIT) !== 0 ? `${kind} ${protection}` : "reserved";
          return account.map(address, byteLength, state);
        },
      ],
      VirtualAlloc2: [0n, (_process: bigint, address: bigint, byteLength: bigint) => {
        return account.map(address, byteLength, "placeholder");
      }],
      VirtualFree: [0, (address: bigint, byteLength: bigint, type: number) => {
        if (type === MEM_DECOMMIT) account.change(address, byteLength, () => "reserved");
        else if ((type & MEM_PRESERVE_PLACEHOLDER) !== 0) account.split(address, byteLength);
        else account.unmapWhole(address);
        return 1;
      }],
      VirtualProtect: [0, (address: bigint, byteLength: bigint, protection: number) => {
        if (!isCommitted(address, byteLength)) throw new Refusal(ERROR_INVALID_ADDRESS);
        protect(address, byteLength, protection);
        return 1;
      }],
      VirtualLock: [0, (address: bigint, byteLength: bigint) => {
        checkCommitted(address, byteLength);
        if (account.lockable < byteLength) throw new Refusal(ERROR_WORKING_SET_QUOTA);
        account.lockable -= byteLength;
        account.lock(address, byteLength, true);
        return 1;
      }],
      VirtualUnlock: [0, (address: bigint, byteLength: bigint) => {
        if (!account.isLocked(address, byteLength)) throw new Refusal(ERROR_NOT_LOCKED);
        account.lock(address, byteLength, false);
        return 1;
      }],
      GetProcessWorkingSetSize: [0, () => 1],
      SetProcessWorkingSetSize: [0, (_process: bigint, minimum: bigint) => {
        account.lockable = minimum;
        return 1;
      }],
      PrefetchVirtualMemory: [0, () => 1],
      VirtualQuery: [0n, (address: bigint, info: Uint8Array) => {
        const fields = new DataView(info.buffer);
        const page = account.pages.get(address);
        const isFree = page === undefined;
        const end = isFree ? account.pageFrom(address) ?? MAXIMUM_ADDRESS + 1n : address + PAGE;
        const state = isFree ? MEM_FREE : isCommitted(address, PAGE) ? MEM_COMMIT : MEM_RESERVE;
        const protection = Number(/\d+$/.exec(page?.state ?? "")?.[0] ?? 0);
        const isMapped = /^(file|section)/.test(page?.state ?? "");
        fields.setBigUint64(0, address, true); // PVOID BaseAddress
        fields.setBigUint64(8, page?.base ?? 0n, true); // PVOID AllocationBase
        fields.setUint32(16, protection, true); // DWORD AllocationProtect
        fields.setBigUint64(24, end - address, true); // SIZE_T RegionSize
        fields.setUint32(32, state, true); // DWORD State
        fields.setUint32(36, protection, true); // DWORD Protect
        fields.setUint32(40, isMapped ? MEM_MAPPED : MEM_PRIVATE, true); // DWORD Type
        return 48n;
      }],
      K32QueryWorkingSetEx: [0, () => 1],
      GetLogicalDrives: [0, () => 1 << 2],
      QueryDosDeviceW: [
        0,
        (_name: Uint8Array, target: Uint8Array) => write(target, "\\Device\\1\0"),
      ],
      K32GetMappedFileNameW: [0, (_process: bigint, _address: bigint, path: Uint8Array) => {
        return write(path, "\\Device\\1\\file");
      }],
      CreateFileW: [INVALID_HANDLE_VALUE, () => BigInt(account.opened("file"))],
      GetFileSizeEx: [0, (_file: bigint, size: Uint8Array) => {
        new DataView(size.buffer).setBigInt64(0, BigInt(account.fileByteLength), true);
        return 1;
      }],
      SetFilePointerEx: [0, (_file: bigint, distance: bigint) => (position = Number(distance), 1)],
      SetEndOfFile: [0, () => (account.fileByteLength = position, 1)],
      CreateFileMappingW: [
        0n,
        (
          _file: bigint,
          _attributes: bigint,
          _protection: number,
          high: number,
          low: number,
          name: bigint | Uint8Array,
        ) => {
          if (typeof name === "bigint") return BigInt(account.opened("section"));
          if (account.names.has(textOf(name))) lastError = ERROR_ALREADY_EXISTS;
          else sectionByteLength = BigInt(high) * 2n ** 32n + BigInt(low);
          account.names.add(textOf(name));
          return BigInt(account.opened(`section ${textOf(name)}`));
        },
      ],
      OpenFileMappingW: [0n, (_access: number, _inherits: number, name: Uint8Array) => {
        if (!account.names.has(textOf(name))) throw new Refusal(ERROR_FILE_NOT_FOUND);
        return BigInt(account.opened(`section ${textOf(name)}`));
      }],
      MapViewOfFile: [0n, () => account.map(0n, sectionByteLength, "section 4")],
      MapViewOfFileEx: [
        0n,
        (
          section: bigint,
          access: number,
          high: number,
          low: number,
          byteLength: bigint,
          address: bigint,
        ) => {
          if (!account.open.get(Number(section))?.startsWith("section")) {
            throw new Error("No section");
          }
          const FILE_MAP: Record<number, number> = { 1: 8, 2: 4, 0x24: 0x20 };
          return account.map(address, byteLength, `file at ${high} ${low} ${FILE_MAP[access]}`);
        },
      ],
      MapViewOfFile3: [
        0n,
        (
          section: bigint,
          _process: bigint,
          address: bigint,
          _offset: bigint,
          byteLength: bigint,
          _type: number,
          protection: number,
        ) => {
          if (account.open.get(Number(section)) !== "section") throw new Error("No section");
          const isFree = account.pages.get(address)?.base === address &&
            account.states(address, byteLength).every((state) => state === "placeholder");
          if (!isFree) throw new Error("No placeholder");
          return account.map(address, byteLength, `section ${protection}`, true);
        },
      ],
      UnmapViewOfFile: [0, (address: bigint) => (account.unmapWhole(address), 1)],
      FlushViewOfFile: [
        0,
        (address: bigint, byteLength: bigint) => (account.own(address, byteLength), 1),
      ],
      FlushFileBuffers: [0, (file: bigint) => Number(account.open.has(Number(file)))],
      ReadProcessMemory: [0, () => 1],
      WriteProcessMemory: [0, () => 1],
      CreateSemaphoreW: [
        0n,
        (_attributes: bigint, count: number, _maximum: number, name: Uint8Array) =>
          create(textOf(name), count),
      ],
      CreateMutexW: [
        0n,
        (_attributes: bigint, _isOwned: number, name: Uint8Array) => create(textOf(name), 0),
      ],
      OpenSemaphoreW: [0n, find],
      OpenMutexW: [0n, find],
      ReleaseSemaphore: [0, (handle: bigint, count: number) => {
        const object = objects.get(handle)!;
        if (object.count > 0) throw new Refusal(ERROR_TOO_MANY_POSTS);
        object.count += count;
        return 1;
      }],
      CreateEventW: [0n, () => BigInt(account.opened("event"))],
      SetEvent: [0, () => 1],
      ReleaseMutex: [0, () => 1],
      WaitForSingleObject: [0xffff_ffff, () => WAIT_TIMEOUT],
      GetFileInformationByHandle: [0, (_file: bigint, info: Uint8Array) => {
        const { device, inode, created } = FILE_IDENTITY;
        const fields = new DataView(info.buffer);
        // FILETIME ftCreationTime, in units of 100 ns since 1601
        fields.setBigUint64(4, (BigInt(created) + 11_644_473_600_000n) * 10_000n + 9_999n, true);
        fields.setUint32(28, device, true); // DWORD dwVolumeSerialNumber
        fields.setUint32(44, Number(inode >> 32n), true); // DWORD nFileIndexHigh
        fields.setUint32(48, Number(inode & 0xffff_ffffn), true); // DWORD nFileIndexLow
        return 1;
      }],
      OpenProcessToken: [0, (_process: bigint, _access: number, token: Uint8Array) => {
        const handle = BigInt(account.opened("token"));
        new DataView(token.buffer).setBigUint64(0, handle, true);
        return 1;
      }],
      LookupPrivilegeValueW: [0, () => 1],
      AdjustTokenPrivileges: [0, () => 1],
    }),
    CloseHandle(handle: bigint) {
      lastError = account.called("CloseHandle") ?? OVERWRITTEN;
      const what = account.open.get(Number(handle));
      account.closed(Number(handle));
      // A name goes with the last one who has it open.
      const name = what?.replace(/^section /, "") ?? "";
      if (![...account.open.values()].includes(what ?? "")) account.names.delete(name);
      objects.delete(handle);
      return 1;
    },
    // Each look at the clock takes ten milliseconds.
    QueryPerformanceCounter(count: Uint8Array) {
      new DataView(count.buffer).setBigInt64(0, time += 100_000n, true);
      return 1;
    },
    QueryPerformanceFrequency(frequency: Uint8Array) {
      new DataView(frequency.buffer).setBigInt64(0, 10_000_000n, true);
      return 1;
    },
    GetCurrentProcessId: () => 1234,
    GetCurrentThreadId: () => 1235,
    OpenThread: () => 1236n,
    DiscardVirtualMemory(address: bigint, byteLength: bigint) {
      const error = account.called("DiscardVirtualMemory");
      return error ?? (isCommitted(address, byteLength) ? 0 : ERROR_INVALID_ADDRESS);
    },
    RtlZeroMemory: (address: bigint, byteLength: bigint) => checkCommitted(address, byteLength),
    RtlMoveMemory: () => {},
    GetCurrentProcess: () => INVALID_HANDLE_VALUE,
    GetLargePageMinimum: () => 2n ** 21n,
    GetLastError: () => lastError,
    GetSystemInfo: (info: Uint8Array) => writeSystemInfo(info, { maximumAddress: MAXIMUM_ADDRESS }),
  };
  const runtime = new SimulatedRuntime(standIns);
  return { os: windows(runtime), runtime, account };
}

function textOf(name: Uint8Array): string {
  return new TextDecoder("utf-16le").decode(name.subarray(0, -2));
}
