/**
 * Simulated systems for the tests of residency.
 *
 * @module
 */
import { type Advice, ADVICE_SYSTEMS, type Residency } from "../../../ffi/os/contract/residency.ts";
import {
  forget,
  type Machine,
  type Outcomes,
  simulated,
  type SimulatedName,
  type SimulatedSystem,
} from "./mod.ts";

export const ADDRESS = 0x7f00_0000_0000n;
export const ADVICES = Object.keys(ADVICE_SYSTEMS) as Advice[];

/** Opens a system with its residency, and a lot of memory at {@linkcode ADDRESS}. */
export function openedResidency(
  name: SimulatedName,
  outcomes: Outcomes = {},
  machine: Machine = {},
): SimulatedSystem & { residency: Residency } {
  const system = simulated(name, { outcomes, ...machine });
  const { residency } = system.os;
  system.kernel.space.map(ADDRESS, 2n ** 40n, name === "windows" ? "memory 4" : "anonymous 3");
  system.kernel.lockable = 2n ** 20n;
  forget(system);
  return { ...system, residency };
}
