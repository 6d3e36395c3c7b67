/**
 * Operating systems of paper that keep account, each once.
 *
 * @module
 */
import { darwin } from "../../ffi/os/darwin/os.ts";
import { linux } from "../../ffi/os/linux/os.ts";
import type { PaperSystem } from "./paper_account.ts";
import { paperPosix } from "./paper_posix.ts";
import { paperWindows } from "./paper_windows.ts";

export { FILE_BYTE_LENGTH, FILE_IDENTITY, type PaperSystem } from "./paper_account.ts";

/** The systems of paper, and what is not found or not permitted on each. */
export const PAPER_SYSTEMS: Readonly<
  Record<string, { readonly open: () => PaperSystem; readonly errors: readonly number[] }>
> = {
  linux: {
    open: () => paperPosix((runtime) => linux(runtime, "paper")),
    errors: [13, 12],
  },
  // Its views of files are guarded.
  "linux on x64": {
    open: () => paperPosix((runtime) => linux(runtime, "x64")),
    errors: [13, 12],
  },
  darwin: { open: () => paperPosix((runtime) => darwin(runtime, "arm64")), errors: [13, 12] },
  windows: { open: paperWindows, errors: [5, 8] },
};
