/**
 * Opens a file that the runtime has opened once more, by a call of the system.
 *
 * @module
 */
import type {
  FileIdentity,
  Files,
  FileStatus,
  FileUse,
  OpenFile,
} from "../../ffi/os/contract/files.ts";
import { type Failure, isFailure } from "../../ffi/os/contract/memory.ts";
import type { OpenedByRuntime } from "../../ffi/runtime/files.ts";

/** An open file. */
export interface SameFile {
  readonly file: OpenFile;
  readonly status: FileStatus;
}

/**
 * Opens the file that the runtime has opened: tries each path, and compares the identity of the
 * file. The system can find another file at the path, because Deno removes `..` before it follows
 * links, and because other programs may rename files at any time. Returns the failure of the last
 * path, or `undefined` if that path led to another file.
 */
export function openSame(
  files: Files,
  paths: Iterable<string>,
  use: FileUse,
  seen: OpenedByRuntime,
): SameFile | Failure | undefined {
  let failure: Failure | undefined;
  const iterator = paths[Symbol.iterator]();
  for (let step; !(step = iterator.next()).done;) {
    const path = step.value;
    const file = files.open(path, use);
    if (typeof file !== "number") {
      failure = file;
      continue;
    }
    const status = files.status(file);
    if (!isFailure(status) && isSame(seen, status)) return { file, status };
    files.close(file);
    failure = isFailure(status) ? status : undefined;
  }
  return failure;
}

function isSame(
  { device, inode, created }: OpenedByRuntime,
  found: FileIdentity,
): boolean {
  if (device !== undefined && device !== found.device) return false;
  if (created !== undefined && created !== found.created) return false;
  if (inode === undefined) return true;
  return inode === (typeof inode === "bigint" ? found.inode : Number(found.inode));
}
