/**
 * Simulated Windows.
 *
 * @module
 */
import { windows } from "../../../ffi/os/windows/os.ts";
import { MAXIMUM_ADDRESS } from "./address_space.ts";
import { callsOf } from "./calls.ts";
import { Kernel, type Machine, OVERWRITTEN, type SimulatedSystem } from "./kernel.ts";
import { SimulatedRuntime } from "./runtime.ts";
import { fileCalls } from "./windows_files.ts";
import { memoryCalls } from "./windows_memory.ts";
import { waitingCalls } from "./windows_waiting.ts";

/** The pseudo handle of this process, `(HANDLE)-1`. */
export const CURRENT_PROCESS: bigint = 2n ** 64n - 1n;

/** Opens Windows. */
export function simulatedWindows(machine: Machine = {}): SimulatedSystem {
  const kernel = new Kernel(machine);
  let lastError = OVERWRITTEN;
  const calls = callsOf(kernel, (error) => lastError = error, 0, 1);
  const runtime = new SimulatedRuntime(
    {
      ...memoryCalls(calls),
      ...fileCalls(calls),
      ...waitingCalls(calls),
      GetLastError: () => lastError,
      GetSystemInfo: (info: Uint8Array) => writeSystemInfo(info, machine),
    },
    new Map(),
    (address, byteLength) => kernel.view(address, byteLength),
  );
  return { os: windows(runtime), runtime, kernel };
}

/** Writes a `SYSTEM_INFO` of 64-bit Windows: {@link https://learn.microsoft.com/windows/win32/api/sysinfoapi/ns-sysinfoapi-system_info} */
function writeSystemInfo(
  info: Uint8Array,
  { pageSize = 4096, allocationGranularity = 65_536 }: Machine,
): void {
  const fields = new DataView(info.buffer, info.byteOffset, info.byteLength);
  fields.setUint16(0, 9, true); // WORD wProcessorArchitecture
  fields.setUint32(4, pageSize, true); // DWORD dwPageSize
  fields.setBigUint64(8, 0x1_0000n, true); // LPVOID lpMinimumApplicationAddress
  fields.setBigUint64(16, MAXIMUM_ADDRESS, true); // LPVOID lpMaximumApplicationAddress
  fields.setBigUint64(24, 0xffn, true); // DWORD_PTR dwActiveProcessorMask
  fields.setUint32(32, 8, true); // DWORD dwNumberOfProcessors
  fields.setUint32(36, 8664, true); // DWORD dwProcessorType
  fields.setUint32(40, allocationGranularity, true); // DWORD dwAllocationGranularity
  fields.setUint16(44, 6, true); // WORD wProcessorLevel
  fields.setUint16(46, 0x9e0a, true); // WORD wProcessorRevision
}
