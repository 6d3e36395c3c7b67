/**
 * Which file of Windows it is.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { FileIdentity, OpenFile } from "../contract/files.ts";

/** `sizeof(BY_HANDLE_FILE_INFORMATION)`: {@link https://learn.microsoft.com/windows/win32/api/fileapi/ns-fileapi-by_handle_file_information} */
const FILE_INFORMATION_BYTE_LENGTH = 52;
/** `offsetof(BY_HANDLE_FILE_INFORMATION, ftCreationTime)`, whose lower half is the first */
const FT_CREATION_TIME = 4;
/** `offsetof(BY_HANDLE_FILE_INFORMATION, dwVolumeSerialNumber)` */
const DW_VOLUME_SERIAL_NUMBER = 28;
/** `offsetof(BY_HANDLE_FILE_INFORMATION, nFileIndexHigh)` */
const N_FILE_INDEX_HIGH = 44;
/** `offsetof(BY_HANDLE_FILE_INFORMATION, nFileIndexLow)` */
const N_FILE_INDEX_LOW = 48;

/** How many units of a `FILETIME` are a millisecond: {@link https://learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-filetime} */
const UNITS_PER_MS = 10_000n;
/** 1970 in a `FILETIME`, which counts from 1601, in milliseconds. */
const EPOCH_MS = 11_644_473_600_000n;

const FUNCTIONS = {
  // BOOL GetFileInformationByHandle(HANDLE hFile, LPBY_HANDLE_FILE_INFORMATION lpFileInformation)
  GetFileInformationByHandle: { parameters: ["usize", "buffer"], result: "i32" },
} as const satisfies SymbolTable;

/** Opens the call that tells which file it is; `undefined` where that is refused. */
export function windowsIdentify(native: Native): (file: OpenFile) => FileIdentity | undefined {
  const c = native.open("kernel32.dll", FUNCTIONS);
  const info = new Uint8Array(FILE_INFORMATION_BYTE_LENGTH);
  const fields = new DataView(info.buffer);
  const wide = (high: number, low: number) =>
    BigInt(fields.getUint32(high, true)) << 32n | BigInt(fields.getUint32(low, true));
  return (file) => {
    if (c.GetFileInformationByHandle(BigInt(file), info) === 0) return undefined;
    const created = wide(FT_CREATION_TIME + 4, FT_CREATION_TIME);
    return {
      device: fields.getUint32(DW_VOLUME_SERIAL_NUMBER, true),
      inode: wide(N_FILE_INDEX_HIGH, N_FILE_INDEX_LOW),
      created: Number(created / UNITS_PER_MS - EPOCH_MS),
    };
  };
}
