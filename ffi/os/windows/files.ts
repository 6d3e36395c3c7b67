/**
 * Files on Windows.
 *
 * @module
 */
import { lazily } from "../../lazily.ts";
import type { FileRequest, Files, FileUse } from "../contract/files.ts";
import { type Failure, type Protection, refusal, UNSUPPORTED } from "../contract/memory.ts";
import { KERNEL32 } from "./calls.ts";
import {
  CURRENT_PROCESS,
  DUPLICATE_SAME_ACCESS,
  FILE_ATTRIBUTE_NORMAL,
  FILE_BEGIN,
  FILE_MAP_COPY,
  FILE_MAP_EXECUTE,
  FILE_MAP_READ,
  FILE_MAP_WRITE,
  FILE_SHARE_DELETE,
  FILE_SHARE_READ,
  FILE_SHARE_WRITE,
  GENERIC_EXECUTE,
  GENERIC_READ,
  GENERIC_WRITE,
  INVALID_HANDLE_VALUE,
  OPEN_EXISTING,
  PAGE_EXECUTE_READ,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
} from "./constants.ts";
import { windowsHasHoles, windowsStatus } from "./file_information.ts";
import type { FlushJob } from "./flushing_thread.ts";
import { THREAD_SOURCE } from "./flushing_thread_code.ts";
import { high, low, wide, type WindowsLibrary } from "./library.ts";

const ACCESS: Readonly<Record<FileUse, number>> = {
  "read": GENERIC_READ,
  "read-write": GENERIC_READ | GENERIC_WRITE,
  "read-execute": GENERIC_READ | GENERIC_EXECUTE,
};

/** The protections of a section and the access of its view. */
const KINDS: Readonly<Partial<Record<Protection, readonly [section: number, view: number]>>> = {
  "copy-on-write": [PAGE_WRITECOPY, FILE_MAP_COPY],
  "read-write": [PAGE_READWRITE, FILE_MAP_WRITE],
  "read": [PAGE_READONLY, FILE_MAP_READ],
  "read-execute": [PAGE_EXECUTE_READ, FILE_MAP_READ | FILE_MAP_EXECUTE],
};

const SPARSE = "the file is sparse or compressed, and takes blocks only when it is stored to";

/** Opens the calls of files. */
export function windowsFiles(library: WindowsLibrary, protect: Files["protect"]): Files {
  const { failed } = library;
  const c = library.open(
    KERNEL32,
    "CreateFileW",
    "CloseHandle",
    "GetFileSizeEx",
    "SetFilePointerEx",
    "SetEndOfFile",
    "CreateFileMappingW",
    "MapViewOfFileEx",
    "UnmapViewOfFile",
    "FlushViewOfFile",
    "FlushFileBuffers",
    "DuplicateHandle",
  );
  const status = lazily(() => windowsStatus(library));
  const hasHoles = lazily(() => windowsHasHoles(library));
  const size = new Uint8Array(8);

  /** Opens a handle of the same file, which stays open when the other is closed. */
  const duplicate = (file: number): bigint | Failure => {
    const handle = new BigUint64Array(1);
    const result = c.DuplicateHandle(
      CURRENT_PROCESS,
      BigInt(file),
      CURRENT_PROCESS,
      new Uint8Array(handle.buffer),
      0,
      0,
      DUPLICATE_SAME_ACCESS,
    );
    return result === 0 ? failed("DuplicateHandle") : handle[0]!;
  };

  const files: Files = {
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

    close(file) {
      c.CloseHandle(BigInt(file));
    },

    status: (file) => status()(file),

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
      const mapAt = (base: bigint) =>
        c.MapViewOfFileEx(handle, access, high(offset), low(offset), byteLength, base);
      const isPastEnd = hint !== 0n && hint + byteLength > library.addressesEnd;
      let address = isPastEnd ? 0n : mapAt(hint);
      // If the address is taken, Windows does not choose another one.
      if (address === 0n && hint !== 0n && !strict) address = mapAt(0n);
      const result = address !== 0n
        ? address
        : isPastEnd && strict
        ? refusal("EINVAL", "it reaches past the last address of a process")
        : failed("MapViewOfFileEx");
      if (!isNamed) c.CloseHandle(handle); // the view keeps the section open
      return result;
    },

    unmap(address, _byteLength) {
      return c.UnmapViewOfFile(address) !== 0 ? undefined : failed("UnmapViewOfFile");
    },

    // Replacing a view would leave a moment in which a load ends the process, so the view stays
    // until it is unmapped.
    vacate: () => undefined,

    discard: () => UNSUPPORTED,

    protect,

    extend: undefined, // SetEndOfFile cannot cut off what is mapped
    freeByteLength: undefined, // a file has its blocks, or is refused, as a whole

    // Other files have their blocks from the start.
    allocate(file, start, byteLength) {
      const lacksBlocks = hasHoles()(file);
      if (typeof lacksBlocks !== "boolean") return lacksBlocks;
      if (lacksBlocks) return refusal("ENOTSUP", SPARSE);
      const before = files.byteLength(file);
      if (typeof before !== "number") return before;
      return before < start + byteLength ? files.resize(file, start + byteLength) : undefined;
    },

    flush(file, address, byteLength, waits) {
      if (c.FlushViewOfFile(address, byteLength) === 0) return failed("FlushViewOfFile");
      if (!waits || file === undefined) return undefined;
      return c.FlushFileBuffers(BigInt(file)) !== 0 ? undefined : failed("FlushFileBuffers");
    },

    prepareFlush(file, address, byteLength) {
      const own = file === undefined ? undefined : duplicate(file);
      if (typeof own === "object") return own;
      return {
        job: { address, byteLength, file: own } satisfies FlushJob,
        end() {
          if (own !== undefined) c.CloseHandle(own);
        },
      };
    },

    flushSource: THREAD_SOURCE,
  };
  return files;
}
