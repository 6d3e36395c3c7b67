/**
 * Simulated operating systems that keep account, each once.
 *
 * @module
 */
import { darwin } from "../../ffi/os/darwin/os.ts";
import { linux } from "../../ffi/os/linux/os.ts";
import type { SimulatedSystem } from "./simulated_account.ts";
import { simulatedPosix } from "./simulated_posix.ts";
import { simulatedWindows } from "./simulated_windows.ts";

export { FILE_BYTE_LENGTH, FILE_IDENTITY, type SimulatedSystem } from "./simulated_account.ts";

/** The simulated systems, and what is not found or not permitted on each. */
export const PAPER_SYSTEMS: Readonly<
  Record<string, { readonly open: () => SimulatedSystem; readonly errors: readonly number[] }>
> = {
  linux: {
    open: () => simulatedPosix((runtime) => linux(runtime, "simulated")),
    errors: [13, 12],
  },
  // Its views of files are guarded.
  "linux on x64": {
    open: () => simulatedPosix((runtime) => linux(runtime, "x64")),
    errors: [13, 12],
  },
  darwin: { open: () => simulatedPosix((runtime) => darwin(runtime, "arm64")), errors: [13, 12] },
  windows: { open: simulatedWindows, errors: [5, 8] },
};
