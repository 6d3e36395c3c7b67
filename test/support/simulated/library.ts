/**
 * The C library of a simulated runtime, as the parts of a system share it.
 *
 * @module
 */
import { openLibrary } from "../../../ffi/library.ts";
import { failure } from "../../../ffi/os/contract/memory.ts";
import { type CLibrary, fileOpener } from "../../../ffi/os/posix/library.ts";
import type { Runtime } from "../../../ffi/runtime/runtime.ts";

/** A C library whose calls fail with `ENOENT`, unless `change` says otherwise. */
export function simulatedLibrary(
  runtime: Runtime,
  { openFlags = 0, ...change }: Partial<CLibrary> & { readonly openFlags?: number } = {},
): CLibrary {
  const file = "libc.so.6";
  const open = openLibrary(runtime, file);
  const failed = change.failed ??
    ((syscall, osError = 2) => failure(syscall, osError, { 2: "ENOENT" }));
  const openFile = fileOpener(open, openFlags, failed);
  const errnoLocation = "__errno_location";
  return {
    file,
    errnoLocation,
    native: runtime,
    arch: "x64",
    open,
    pageSize: 4096,
    openFile,
    errno: () => 2,
    failed,
    ...change,
  };
}
