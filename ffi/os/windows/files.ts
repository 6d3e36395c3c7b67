/**
 * Files on Windows.
 *
 * @module
 */
import { lazily, withLazy } from "../../lazily.ts";
import type { FileRequest, Files, FileUse } from "../contract/files.ts";
import {
  type Failure,
  isFailure,
  type Protection,
  refusal,
  UNSUPPORTED,
} from "../contract/memory.ts";
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
  PAGE_READWRITE,
} from "./constants.ts";
import { windowsHasHoles, windowsStatus } from "./file_information.ts";
import type { FlushJob } from "./flushing_thread.ts";
import { THREAD_SOURCE } from "./flushing_thread_code.ts";
import { high, low, wide, type WindowsLibrary } from "./library.ts";
import { windowsPieces } from "./pieces.ts";
import { windowsRuns } from "./query.ts";
import { SECTIONS, windowsSections } from "./sections.ts";

const ACCESS: Readonly<Record<FileUse, number>> = {
  "read": GENERIC_READ,
  "read-write": GENERIC_READ | GENERIC_WRITE,
  "read-execute": GENERIC_READ | GENERIC_EXECUTE,
};

/** The access of views. */
const VIEWS: Readonly<Partial<Record<Protection, number>>> = {
  "copy-on-write": FILE_MAP_COPY,
  "read-write": FILE_MAP_WRITE,
  "read": FILE_MAP_READ,
  "read-execute": FILE_MAP_READ | FILE_MAP_EXECUTE,
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
  const withSection = windowsSections(library);
  const runs = windowsRuns(library);
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

  const files: Omit<Files, "pieces"> = {
    populates: () => false,

    isFile: undefined,

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

    map(request: FileRequest) {
      const { offset, byteLength, hint, strict, protection } = request;
      return withSection(request, SECTIONS[protection]!, (section) => {
        const mapAt = (base: bigint) =>
          c.MapViewOfFileEx(
            section,
            VIEWS[protection]!,
            high(offset),
            low(offset),
            byteLength,
            base,
          );
        const isPastEnd = hint !== 0n && hint + byteLength > library.addressesEnd;
        let address = isPastEnd ? 0n : mapAt(hint);
        // If the address is taken, Windows does not choose another one.
        if (address === 0n && hint !== 0n && !strict) address = mapAt(0n);
        if (address !== 0n) return address;
        return isPastEnd && strict
          ? refusal("EINVAL", "it reaches past the last address of a process")
          : failed("MapViewOfFileEx");
      });
    },

    unmap(address, _byteLength) {
      return c.UnmapViewOfFile(address) !== 0 ? undefined : failed("UnmapViewOfFile");
    },

    // Replacing a view would leave a moment in which a load ends the process, so the view stays
    // until it is unmapped.
    vacate: () => undefined,

    discard: () => UNSUPPORTED,

    protect: (address, byteLength, protection) =>
      runs.forEach(address, byteLength, (start, length) => protect(start, length, protection)),

    // A section that is longer than its file extends the file.
    extend(file, byteLength) {
      const length = BigInt(byteLength);
      const section = c.CreateFileMappingW(
        BigInt(file),
        0n,
        PAGE_READWRITE,
        high(length),
        low(length),
        0n,
      );
      if (section === 0n) return failed("CreateFileMappingW");
      c.CloseHandle(section);
      return undefined;
    },

    freeByteLength: undefined, // a file has its blocks, or is refused, as a whole

    // Other files have their blocks from the start.
    allocate(file, start, byteLength) {
      const lacksBlocks = hasHoles()(file);
      if (typeof lacksBlocks !== "boolean") return lacksBlocks;
      if (lacksBlocks) return refusal("ENOTSUP", SPARSE);
      const before = files.byteLength(file);
      if (typeof before !== "number") return before;
      return before < start + byteLength ? files.extend!(file, start + byteLength) : undefined;
    },

    flush(file, address, byteLength, waits) {
      const failure = runs.forEach(
        address,
        byteLength,
        (start, length) =>
          c.FlushViewOfFile(start, length) !== 0 ? undefined : failed("FlushViewOfFile"),
      );
      if (failure !== undefined || !waits || file === undefined) return failure;
      return c.FlushFileBuffers(BigInt(file)) !== 0 ? undefined : failed("FlushFileBuffers");
    },

    prepareFlush(file, address, byteLength) {
      const ranges = runs.list(address, byteLength);
      if (isFailure(ranges)) return ranges;
      const own = file === undefined ? undefined : duplicate(file);
      if (typeof own === "object") return own;
      return {
        job: { ranges, file: own } satisfies FlushJob,
        end() {
          if (own !== undefined) c.CloseHandle(own);
        },
      };
    },

    flushSource: THREAD_SOURCE,
  };
  return withLazy(files, { pieces: () => windowsPieces(library, withSection, files) });
}
