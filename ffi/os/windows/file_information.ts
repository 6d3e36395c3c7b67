/**
 * The status of files on Windows.
 *
 * @module
 */
import type { FileStatus, OpenFile } from "../contract/files.ts";
import type { Failure } from "../contract/memory.ts";
import { KERNEL32 } from "./calls.ts";
import type { WindowsLibrary } from "./library.ts";

/** `sizeof(BY_HANDLE_FILE_INFORMATION)`: {@link https://learn.microsoft.com/windows/win32/api/fileapi/ns-fileapi-by_handle_file_information} */
const FILE_INFORMATION_BYTE_LENGTH = 52;
/** `offsetof(BY_HANDLE_FILE_INFORMATION, ftCreationTime)`; its lower half comes first */
const FT_CREATION_TIME = 4;
/** `offsetof(BY_HANDLE_FILE_INFORMATION, dwVolumeSerialNumber)` */
const DW_VOLUME_SERIAL_NUMBER = 28;
/** `offsetof(BY_HANDLE_FILE_INFORMATION, nFileIndexHigh)` */
const N_FILE_INDEX_HIGH = 44;
/** `offsetof(BY_HANDLE_FILE_INFORMATION, nFileIndexLow)` */
const N_FILE_INDEX_LOW = 48;

/** `offsetof(BY_HANDLE_FILE_INFORMATION, nFileSizeHigh)` */
const N_FILE_SIZE_HIGH = 32;
/** `offsetof(BY_HANDLE_FILE_INFORMATION, nFileSizeLow)` */
const N_FILE_SIZE_LOW = 36;

/** `FILE_ATTRIBUTE_DIRECTORY`, in `dwFileAttributes`, the first field */
const DIRECTORY = 0x10;
/** `FILE_ATTRIBUTE_SPARSE_FILE | FILE_ATTRIBUTE_COMPRESSED`, in `dwFileAttributes`, the first field: {@link https://learn.microsoft.com/windows/win32/fileio/file-attribute-constants} */
const WITH_HOLES = 0x200 | 0x800;

/** The units of a `FILETIME` in a millisecond: {@link https://learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-filetime} */
const UNITS_PER_MS = 10_000n;
/** 1970 in a `FILETIME`, which counts from 1601, in milliseconds. */
const EPOCH_MS = 11_644_473_600_000n;

/** Opens the function that reads the status of a file. */
export function windowsStatus(
  library: WindowsLibrary,
): (file: OpenFile) => FileStatus | Failure {
  const { fields, fill } = informationReader(library);
  const joined = (high: number, low: number) =>
    BigInt(fields.getUint32(high, true)) << 32n | BigInt(fields.getUint32(low, true));
  return (file) => {
    const failure = fill(file);
    if (failure !== undefined) return failure;
    const created = joined(FT_CREATION_TIME + 4, FT_CREATION_TIME);
    return {
      device: fields.getUint32(DW_VOLUME_SERIAL_NUMBER, true),
      inode: joined(N_FILE_INDEX_HIGH, N_FILE_INDEX_LOW),
      created: Number(created / UNITS_PER_MS - EPOCH_MS),
      isFile: (fields.getUint32(0, true) & DIRECTORY) === 0, // it fails for pipes and devices
      byteLength: Number(joined(N_FILE_SIZE_HIGH, N_FILE_SIZE_LOW)),
      hasHugePages: false,
    };
  };
}

/** Opens the function that recognizes files that take blocks only when they are stored to. */
export function windowsHasHoles(library: WindowsLibrary): (file: OpenFile) => boolean | Failure {
  const { fields, fill } = informationReader(library);
  return (file) => fill(file) ?? (fields.getUint32(0, true) & WITH_HOLES) !== 0;
}

function informationReader({ open, failed }: WindowsLibrary): {
  readonly fields: DataView;
  readonly fill: (file: OpenFile) => Failure | undefined;
} {
  const { GetFileInformationByHandle } = open(KERNEL32, "GetFileInformationByHandle");
  const info = new Uint8Array(FILE_INFORMATION_BYTE_LENGTH);
  return {
    fields: new DataView(info.buffer),
    fill: (file) =>
      GetFileInformationByHandle(BigInt(file), info) === 0
        ? failed("GetFileInformationByHandle")
        : undefined,
  };
}
