/**
 * Describes the machine and the time of a run.
 *
 * @module
 */
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";
import type { LeftOut } from "./build.ts";
import type { HostName } from "../catalogue/benchmark.ts";
import { versionOf } from "./hosts.ts";
import type { Machine } from "../results.ts";

const COMPILERS: Readonly<Partial<Record<HostName, string>>> = {
  "C": "gcc",
  "Rust": "cargo",
  "npm": "Node.js of npm",
};

/** Describes this machine, with the load that it had before. */
export async function describeMachine(
  hosts: ReadonlySet<HostName>,
  leftOut: LeftOut,
  load: number,
): Promise<Machine> {
  const versions: Record<string, string> = {};
  for (const host of hosts) {
    if (!leftOut.has(host)) versions[COMPILERS[host] ?? host] = await versionOf(host);
  }
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memory: totalmem(),
    kernel: `${platform()} ${release()} ${arch()}`,
    load,
    versions,
  };
}

/** One minute's load. */
export function currentLoad(): number {
  return loadavg()[0]!;
}
