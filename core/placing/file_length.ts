/**
 * The length of the file behind a mapping.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { Files, OpenFile } from "../../ffi/os/contract/files.ts";
import { type AdvisedFailure, meaning, refusal } from "../../ffi/os/contract/memory.ts";
import { MmapError, systemError } from "../checks/errors.ts";
import type { Mapping } from "../pages/mapping.ts";

/** The errors of file systems and sandboxes that do not support a call. */
const UNSUPPORTED: readonly string[] = ["ENOTSUP", "ENOSYS"];

/**
 * Makes a file at least this long, with zeros. Unless `isAlone`, another thread may make it longer
 * at the same time, and no call may cut that off.
 */
export function extendFile(
  files: Files,
  file: OpenFile,
  byteLength: number,
  isAlone: boolean,
): AdvisedFailure | undefined {
  const before = files.byteLength(file);
  if (typeof before !== "number") return before;
  if (before >= byteLength) return undefined;
  const { extend } = files;
  const failure = extend?.(file, byteLength);
  const isUnsupported = extend === undefined || UNSUPPORTED.includes(failure?.code ?? "");
  if (!isUnsupported) return failure;
  return isAlone ? files.resize(file, byteLength) : refusal(
    "ENOTSUP",
    "this system or file system has no call that only makes a file longer: resize() it before " +
      "share(), or while there is one handle",
  );
}

/** Sets blocks of the disk aside for a range, and makes the file at least that long. */
export function allocateFile(
  files: Files,
  file: OpenFile,
  start: number,
  byteLength: number,
): AdvisedFailure | undefined {
  const { allocate } = files;
  if (allocate === undefined) {
    return refusal("ENOTSUP", "this system cannot set blocks aside: drop allocate()");
  }
  // A call that finds the disk full keeps the blocks that it got, which takes the room of others.
  const before = files.byteLength(file);
  if (typeof before !== "number") return before;
  const free = files.freeByteLength?.(file) ?? Infinity;
  if (start + byteLength - Math.max(start, before) > free) {
    return refusal("ENOSPC", `the disk has only ${free} bytes free`);
  }
  const failure = allocate(file, start, byteLength);
  if (failure === undefined || failure.syscall === undefined) return failure;
  if (UNSUPPORTED.includes(failure.code)) {
    return meaning(failure, "ENOTSUP", "its file system cannot set blocks aside: drop allocate()");
  }
  const isFull = failure.code === "ENOSPC" || failure.code === "EDQUOT";
  return isFull ? { ...failure, advice: "the disk has too little room" } : failure;
}

/** Returns the length that a mapping has if it reaches to the present end of its file. */
export function presentByteLength({ allocation: { backing }, info }: Mapping): number {
  const file = backing?.file;
  if (file === undefined) {
    throw new MmapError(
      backing === undefined
        ? "Anonymous memory has no file whose length resize() could take: pass a length"
        : "The file of this mapping is closed, so resize() cannot take its length: pass a length, " +
          "or map it with capacity()",
      { code: "ENOTSUP" },
    );
  }
  const found = host().os.files.byteLength(file);
  if (typeof found !== "number") throw systemError("to get the length of the file", found);
  const first = backing!.offset + info.pageOffset;
  if (found > first) return found - first;
  throw new MmapError(
    `The file is ${found} bytes long: there is nothing from offset ${first}`,
    { code: "EINVAL" },
  );
}
