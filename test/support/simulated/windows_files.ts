/**
 * The calls of Windows on files and sections.
 *
 * @module
 */
import type { Calls } from "./calls.ts";
import { FILE_IDENTITY, OVERWRITTEN, Refusal } from "./kernel.ts";
import type { StandIns } from "./runtime.ts";
import { wideTextOf, writeWide } from "./texts.ts";
import { pagesUp } from "./address_space.ts";
import { checkOneView, mapThere } from "./windows_memory.ts";

const INVALID_HANDLE_VALUE = 2n ** 64n - 1n;

export function fileCalls({ kernel, setError, failing, status }: Calls): StandIns {
  const [ERROR_FILE_NOT_FOUND, ERROR_ALREADY_EXISTS] = [2, 183];
  /** The protections of pages, by the access of a view. */
  const PROTECTIONS: Readonly<Record<number, number>> = { 1: 8, 2: 4, 4: 2, 0x24: 0x20 };
  const { space, names } = kernel;
  let position = 0;
  let sectionByteLength = 0n;
  const section = (name: Uint8Array) => BigInt(kernel.opened(`section ${wideTextOf(name)}`));
  const checkSection = (handle: bigint) => {
    if (!kernel.open.get(Number(handle))?.startsWith("section")) throw new Error("No section");
  };

  return {
    ...failing(INVALID_HANDLE_VALUE, { CreateFileW: () => BigInt(kernel.opened("file")) }),
    ...failing(0n, {
      CreateFileMappingW(
        file: bigint,
        _attributes: bigint,
        _protection: number,
        high: number,
        low: number,
        name: bigint | Uint8Array,
      ) {
        const byteLength = BigInt(high) * 2n ** 32n + BigInt(low);
        if (typeof name === "bigint") {
          if (file === INVALID_HANDLE_VALUE) return BigInt(kernel.opened("section of memory"));
          kernel.fileByteLength = Math.max(kernel.fileByteLength, Number(byteLength));
          return BigInt(kernel.opened("section"));
        }
        if (names.has(wideTextOf(name))) setError(ERROR_ALREADY_EXISTS);
        else sectionByteLength = byteLength;
        names.add(wideTextOf(name));
        return section(name);
      },
      OpenFileMappingW(_access: number, _inherits: number, name: Uint8Array) {
        if (!names.has(wideTextOf(name))) throw new Refusal(ERROR_FILE_NOT_FOUND);
        return section(name);
      },
      MapViewOfFile: () => space.map(0n, sectionByteLength, "section 4"),
      MapViewOfFileEx(
        handle: bigint,
        access: number,
        high: number,
        low: number,
        byteLength: bigint,
        address: bigint,
      ) {
        checkSection(handle);
        const state = `file at ${high} ${low} ${PROTECTIONS[access]}`;
        return mapThere(kernel, address, byteLength, state);
      },
      MapViewOfFile3(
        handle: bigint,
        _process: bigint,
        address: bigint,
        offset: bigint,
        byteLength: bigint,
        _type: number,
        protection: number,
      ) {
        checkSection(handle);
        const { base, end, state } = space.at(address)!;
        const isExact = base === address && end === pagesUp(address + byteLength);
        if (!isExact || state !== "placeholder") throw new Error("No placeholder of that length");
        const isOfFile = kernel.open.get(Number(handle)) === "section";
        if (isOfFile && offset + byteLength > kernel.fileByteLength) throw new Error("Too long");
        kernel.views.set(address, protection);
        return space.map(address, byteLength, `section ${protection}`, true);
      },
    }),
    ...status({
      GetFileSizeEx(_file: bigint, size: Uint8Array) {
        new DataView(size.buffer).setBigInt64(0, BigInt(kernel.fileByteLength), true);
      },
      SetFilePointerEx(_file: bigint, distance: bigint) {
        position = Number(distance);
      },
      SetEndOfFile() {
        kernel.fileByteLength = position;
      },
      UnmapViewOfFile: (address: bigint) => space.unmapWhole(address),
      UnmapViewOfFile2(_process: bigint, address: bigint) {
        const ends = space.runs.filter(({ base }) => base === address).map(({ end }) => end);
        if (!space.at(address)?.state.startsWith("section")) throw new Error("No view");
        space.map(address, pagesUp(ends.at(-1)!) - address, "placeholder", true);
      },
      DuplicateHandle(_source: bigint, handle: bigint, _target: bigint, target: Uint8Array) {
        const what = kernel.open.get(Number(handle));
        if (what === undefined) throw new Error("No handle");
        new BigUint64Array(target.buffer)[0] = BigInt(kernel.opened(what));
      },
      FlushViewOfFile: (address: bigint, byteLength: bigint) =>
        checkOneView(kernel, address, byteLength),
      FlushFileBuffers: (file: bigint) => Number(kernel.open.has(Number(file))),
      GetFileInformationByHandle(_file: bigint, info: Uint8Array) {
        const { device, inode, created } = FILE_IDENTITY;
        const fields = new DataView(info.buffer);
        fields.setUint32(0, kernel.attributes, true); // DWORD dwFileAttributes
        // FILETIME ftCreationTime, in units of 100 ns since 1601
        fields.setBigUint64(4, (BigInt(created) + 11_644_473_600_000n) * 10_000n + 9_999n, true);
        fields.setUint32(28, device, true); // DWORD dwVolumeSerialNumber
        fields.setUint32(32, Math.floor(kernel.fileByteLength / 2 ** 32), true); // DWORD nFileSizeHigh
        fields.setUint32(36, kernel.fileByteLength, true); // DWORD nFileSizeLow
        fields.setUint32(44, Number(inode >> 32n), true); // DWORD nFileIndexHigh
        fields.setUint32(48, Number(inode & 0xffff_ffffn), true); // DWORD nFileIndexLow
      },
      GetLogicalDrives: () => 1 << 2,
      QueryDosDeviceW: (_name: Uint8Array, target: Uint8Array) =>
        writeWide(target, "\\Device\\1\0"),
      K32GetMappedFileNameW: (_process: bigint, _address: bigint, path: Uint8Array) =>
        writeWide(path, "\\Device\\1\\file"),
    }),
    CloseHandle(handle: bigint) {
      setError(kernel.called("CloseHandle") ?? OVERWRITTEN);
      const what = kernel.open.get(Number(handle)) ?? "";
      kernel.closed(Number(handle));
      // A name goes with the last one who has it open.
      if (![...kernel.open.values()].includes(what)) names.delete(what.replace(/^section /, ""));
      return 1;
    },
  };
}
