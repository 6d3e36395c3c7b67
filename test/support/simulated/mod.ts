/**
 * One simulator of all systems, so that each is tested on every host.
 *
 * - `systems.ts`: `simulated()` opens a system by its name
 * - `kernel.ts`: the state of a system, and which of its calls fail
 * - `address_space.ts`, `guards.ts`: what is mapped, and guarded from truncation
 * - `posix.ts` with `posix_memory.ts`, `posix_files.ts`, `linux.ts` and `darwin.ts`, and
 *   `windows.ts` with `windows_memory.ts`, `windows_files.ts` and `windows_waiting.ts`: their C
 *   functions, which `calls.ts` has fail
 * - `runtime.ts`: the runtime that they are opened by, also for a test's own C functions
 * - `library.ts`: its C library, as the parts of a system share it
 * - `host.ts`: `on()` runs the core on a simulated system
 * - `requests.ts`, `texts.ts`: requests for mappings, and C strings
 * - `named_memory.ts`, `residency.ts`: systems opened for tests of these
 *
 * @module
 */
export { MAXIMUM_ADDRESS, PAGE, pagesUp, type Run } from "./address_space.ts";
export {
  FILE_BYTE_LENGTH,
  FILE_IDENTITY,
  FIRST_FILE,
  type Machine,
  type Outcome,
  type Outcomes,
  type SimulatedSystem,
} from "./kernel.ts";
export { simulatedLibrary } from "./library.ts";
export { fileRequest, HINT, request } from "./requests.ts";
export { type Argument, type Call, SimulatedRuntime } from "./runtime.ts";
export {
  fail,
  forget,
  names,
  openedFiles,
  simulated,
  type SimulatedName,
  SIMULATIONS,
} from "./systems.ts";
export { Reading, textOf, writeWide } from "./texts.ts";
export { CURRENT_PROCESS } from "./windows.ts";
