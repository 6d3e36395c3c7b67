/**
 * The simulated systems.
 *
 * @module
 */
import { darwin } from "../../../ffi/os/darwin/os.ts";
import { linux } from "../../../ffi/os/linux/os.ts";
import type { Os } from "../../../ffi/os/contract/os.ts";
import type { Native } from "../../../ffi/symbols.ts";
import type { Machine, SimulatedSystem } from "./kernel.ts";
import { simulatedPosix } from "./posix.ts";
import { simulatedWindows } from "./windows.ts";

/** The name of a simulated system. */
export type SimulatedName = "linux" | "linux on x64" | "darwin" | "windows";

/** A system that can be simulated. */
export interface Simulation {
  readonly open: (machine?: Machine) => SimulatedSystem;
  /** The errors for what is not permitted, and for want of memory. */
  readonly errors: readonly [notPermitted: number, noMemory: number];
}

const posix = (open: (native: Native, arch: string) => Os, arch: string): Simulation => ({
  open: (machine) => simulatedPosix((runtime) => open(runtime, machine?.arch ?? arch), machine),
  errors: [13, 12],
});

/** The systems, each once. */
export const SIMULATIONS: Readonly<Record<SimulatedName, Simulation>> = {
  "linux": posix(linux, "simulated"),
  "linux on x64": posix(linux, "x64"), // whose views of files are guarded
  "darwin": posix(darwin, "arm64"),
  "windows": { open: simulatedWindows, errors: [5, 8] },
};

/** Opens a simulated system, and forgets what that took. */
export function simulated(name: SimulatedName, machine: Machine = {}): SimulatedSystem {
  const system = SIMULATIONS[name].open(machine);
  forget(system);
  return system;
}

/** The same, with the calls on files open. */
export function openedFiles(name: SimulatedName): SimulatedSystem {
  const system = simulated(name);
  void system.os.files;
  void system.os.copying;
  forget(system);
  return system;
}

/** Forgets what was called. */
export function forget({ runtime, kernel }: SimulatedSystem): void {
  runtime.calls.length = 0;
  kernel.calls.length = 0;
}

/** Has the call fail that comes after so many others. */
export function fail({ kernel }: SimulatedSystem, index: number, error: number): void {
  kernel.fault = { index: kernel.calls.length + index, error };
}

/** The names of the calls. */
export function names({ runtime }: Pick<SimulatedSystem, "runtime">): string[] {
  return runtime.calls.map(([name]) => name);
}
