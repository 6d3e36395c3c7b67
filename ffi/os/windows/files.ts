/**
 * Files on Windows.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { FileRequest, Files, FileUse } from "../contract/files.ts";
import { lazily } from "../../lazily.ts";
import { type Failure, type Protection, refusal, UNSUPPORTED } from "../contract/memory.ts";
import { windowsIdentify } from "./file_information.ts";
import { PAGE_EXECUTE_READ, PAGE_READWRITE, PAGE_WRITECOPY } from "./constants.ts";

/** `GENERIC_READ`: {@link https://learn.microsoft.com/windows/win32/secauthz/generic-access-rights} */
export const GENERIC_READ = 0x8000_0000;
/** `GENERIC_WRITE` */
export const GENERIC_WRITE = 0x4000_0000;
/** `GENERIC_EXECUTE` */
export const GENERIC_EXECUTE = 0x2000_0000;
/** `FILE_SHARE_READ`: {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew} */
export const FILE_SHARE_READ = 0x1;
/** `FILE_SHARE_WRITE` */
export const FILE_SHARE_WRITE = 0x2;
/** `FILE_SHARE_DELETE` */
export const FILE_SHARE_DELETE = 0x4;
/** `OPEN_EXISTING` */
export const OPEN_EXISTING = 3;
/** `FILE_ATTRIBUTE_NORMAL` */
export const FILE_ATTRIBUTE_NORMAL = 0x80;
/** `INVALID_HANDLE_VALUE` */
export const INVALID_HANDLE_VALUE = 0xffff_ffff_ffff_ffffn;
/** `FILE_MAP_COPY`: {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffileex} */
export const FILE_MAP_COPY = 0x1;
/** `FILE_MAP_WRITE`, which can be read too */
export const FILE_MAP_WRITE = 0x2;
/** `FILE_MAP_READ` */
export const FILE_MAP_READ = 0x4;
/** `FILE_MAP_EXECUTE` */
export const FILE_MAP_EXECUTE = 0x20;
/** `FILE_BEGIN`: {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-setfilepointerex} */
export const FILE_BEGIN = 0;

/** `ERROR_ALREADY_EXISTS`: {@link https://learn.microsoft.com/windows/win32/debug/system-error-codes--0-499-} */
export const ERROR_ALREADY_EXISTS = 183;

const FUNCTIONS = {
  // HANDLE CreateFileW(LPCWSTR lpFileName, DWORD dwDesiredAccess, DWORD dwShareMode,
  //   LPSECURITY_ATTRIBUTES lpSecurityAttributes, DWORD dwCreationDisposition,
  //   DWORD dwFlagsAndAttributes, HANDLE hTemplateFile)
  CreateFileW: {
    parameters: ["buffer", "u32", "u32", "usize", "u32", "u32", "usize"],
    result: "usize",
  },
  // BOOL CloseHandle(HANDLE hObject)
  CloseHandle: { parameters: ["usize"], result: "i32" },
  // BOOL GetFileSizeEx(HANDLE hFile, PLARGE_INTEGER lpFileSize)
  GetFileSizeEx: { parameters: ["usize", "buffer"], result: "i32" },
  // BOOL SetFilePointerEx(HANDLE hFile, LARGE_INTEGER liDistanceToMove,
  //   PLARGE_INTEGER lpNewFilePointer, DWORD dwMoveMethod)
  SetFilePointerEx: { parameters: ["usize", "i64", "usize", "u32"], result: "i32" },
  // BOOL SetEndOfFile(HANDLE hFile)
  SetEndOfFile: { parameters: ["usize"], result: "i32" },
  // HANDLE CreateFileMappingW(HANDLE hFile, LPSECURITY_ATTRIBUTES lpFileMappingAttributes,
  //   DWORD flProtect, DWORD dwMaximumSizeHigh, DWORD dwMaximumSizeLow, LPCWSTR lpName)
  CreateFileMappingW: {
    parameters: ["usize", "usize", "u32", "u32", "u32", "usize"],
    result: "usize",
  },
  // LPVOID MapViewOfFileEx(HANDLE hFileMappingObject, DWORD dwDesiredAccess, DWORD dwFileOffsetHigh,
  //   DWORD dwFileOffsetLow, SIZE_T dwNumberOfBytesToMap, LPVOID lpBaseAddress)
  MapViewOfFileEx: {
    parameters: ["usize", "u32", "u32", "u32", "usize", "usize"],
    result: "usize",
  },
  // BOOL UnmapViewOfFile(LPCVOID lpBaseAddress)
  UnmapViewOfFile: { parameters: ["usize"], result: "i32" },
  // BOOL FlushViewOfFile(LPCVOID lpBaseAddress, SIZE_T dwNumberOfBytesToFlush)
  FlushViewOfFile: { parameters: ["usize", "usize"], result: "i32" },
  // BOOL FlushFileBuffers(HANDLE hFile)
  FlushFileBuffers: { parameters: ["usize"], result: "i32" },
} as const satisfies SymbolTable;

const ACCESS: Readonly<Record<FileUse, number>> = {
  "read": GENERIC_READ,
  "read-write": GENERIC_READ | GENERIC_WRITE,
  "read-execute": GENERIC_READ | GENERIC_EXECUTE,
};

/** How a section and its view are made for each access. */
const KINDS: Readonly<Partial<Record<Protection, readonly [section: number, view: number]>>> = {
  "copy-on-write": [PAGE_WRITECOPY, FILE_MAP_COPY],
  "read-write": [PAGE_READWRITE, FILE_MAP_WRITE],
  "read-execute": [PAGE_EXECUTE_READ, FILE_MAP_READ | FILE_MAP_EXECUTE],
};

/** Opens kernel32's file calls. */
export function windowsFiles(
  native: Native,
  failed: (syscall: string) => Failure,
  protect: Files["protect"],
  addressesEnd: bigint,
): Files {
  const c = native.open("kernel32.dll", FUNCTIONS);
  const identify = lazily(() => windowsIdentify(native));
  const size = new Uint8Array(8);

  return {
    populates: () => false,

    open(path, use) {
      const handle = c.CreateFileW(
        wide(path),
        ACCESS[use] >>> 0,
        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
        0n,
        OPEN_EXISTING,
        FILE_ATTRIBUTE_NORMAL,
        0n,
      );
      return handle === INVALID_HANDLE_VALUE ? failed("CreateFileW") : Number(handle);
    },

    mapOver: undefined,
    reopen: undefined,
    hasHugePages: undefined,

    close(file) {
      c.CloseHandle(BigInt(file));
    },

    identify: (file) => identify()(file) ?? failed("GetFileInformationByHandle"),

    byteLength(file) {
      if (c.GetFileSizeEx(BigInt(file), size) === 0) return failed("GetFileSizeEx");
      return Number(new DataView(size.buffer).getBigInt64(0, true));
    },

    resize(file, byteLength) {
      const handle = BigInt(file);
      if (c.SetFilePointerEx(handle, BigInt(byteLength), 0n, FILE_BEGIN) === 0) {
        return failed("SetFilePointerEx");
      }
      return c.SetEndOfFile(handle) !== 0 ? undefined : failed("SetEndOfFile");
    },

    map({ file, isNamed, offset, byteLength, hint, strict, protection }: FileRequest) {
      const { 0: section, 1: access } = KINDS[protection]!;
      const handle = isNamed
        ? BigInt(file) // a section itself
        : c.CreateFileMappingW(BigInt(file), 0n, section, 0, 0, 0n);
      if (handle === 0n) return failed("CreateFileMappingW");
      const high = Number(offset >> 32n);
      const low = Number(offset & 0xffff_ffffn);
      const mapAt = (base: bigint) =>
        c.MapViewOfFileEx(handle, access, high, low, byteLength, base);
      const isPastEnd = hint !== 0n && hint + byteLength > addressesEnd;
      let address = isPastEnd ? 0n : mapAt(hint);
      // Windows does not look for another place by itself.
      if (address === 0n && hint !== 0n && !strict) address = mapAt(0n);
      const result = address !== 0n
        ? address
        : isPastEnd && strict
        ? refusal("EINVAL", "it reaches past the last address of a process")
        : failed("MapViewOfFileEx");
      if (!isNamed) c.CloseHandle(handle); // the view keeps what it needs
      return result;
    },

    unmap(address, _byteLength) {
      return c.UnmapViewOfFile(address) !== 0 ? undefined : failed("UnmapViewOfFile");
    },

    // Nothing can be put in the place of a view without a moment in which a
    // load ends the process: it stays until it is unmapped.
    vacate: () => undefined,

    discard: () => UNSUPPORTED,

    protect,

    flush(file, address, byteLength, waits) {
      if (c.FlushViewOfFile(address, byteLength) === 0) return failed("FlushViewOfFile");
      if (!waits || file === undefined) return undefined;
      return c.FlushFileBuffers(BigInt(file)) !== 0 ? undefined : failed("FlushFileBuffers");
    },
  };
}

/** Makes a C string of UTF-16 code units. */
export function wide(text: string): Uint8Array {
  const units = new Uint8Array(2 * (text.length + 1));
  const view = new DataView(units.buffer);
  for (let index = 0; index < text.length; index++) {
    view.setUint16(2 * index, text.charCodeAt(index), true);
  }
  return units;
}
