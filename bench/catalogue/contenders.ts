/**
 * The contenders that many benchmarks have.
 *
 * @module
 */
import type { Contender, HostName, Program, RuntimeName, Task } from "./benchmark.ts";

/** In which sysalloc is measured. */
export const RUNTIMES: readonly RuntimeName[] = ["Deno", "Bun", "Node.js 26"];

/** The details of a contender that differ between benchmarks. */
type Details =
  & Partial<Pick<Contender, "name" | "c" | "unavailable" | "upTo" | "fewer">>
  & {
    readonly on?: readonly RuntimeName[];
  };

/** sysalloc in each runtime. */
export function sysalloc(script: string, work: string, details: Details = {}): Contender[] {
  return inRuntimes("sysalloc", script, work, { name: "sysalloc", ...details });
}

/** The same system calls by each runtime's FFI alone, or another way without sysalloc's part. */
export function floor(
  script: string,
  work: string,
  name: string = "the FFI alone",
): Contender[] {
  return inRuntimes("floor", script, `floor/${work}`, { name });
}

/** C in the process of each runtime, and as a program of its own. */
export function c(
  script: string,
  work: string,
  { name = "C", ...details }: Details = {},
): Contender[] {
  return [
    ...inRuntimes("c", script, `c/${work}`, { ...details, name: `${name}, in the process` }),
    { name, host: "C", role: "c", how: { by: "served", work } },
  ];
}

/** One of the runtimes' own means. */
export function own(
  name: string,
  script: string,
  work: string,
  details: Omit<Details, "name"> = {},
): Contender[] {
  return inRuntimes("javascript", script, work, { ...details, name });
}

/** A reference that does not do the work. */
export function nothing(name: string, script: string, work: string): Contender[] {
  return inRuntimes("nothing", script, work, { name });
}

/** A program on some hosts, run to its end for each round. */
export function program(
  name: string,
  role: Contender["role"],
  hosts: readonly HostName[],
  prints: Program["prints"],
  argumentsFor: (task: Task, host: HostName) => readonly string[],
): Contender[] {
  return hosts.map((host) => ({
    name,
    host,
    role,
    how: { by: "program", prints, arguments: (task) => argumentsFor(task, host) },
  }));
}

/** A crate. */
export function rust(crate: "sys_alloc" | "memmap2", work: string): Contender {
  return {
    name: crate,
    host: "Rust",
    role: "native",
    how: { by: "served", work: `${crate}/${work}` },
  };
}

/** A package of npm with an add-on. */
export function npm(
  name: "@riaskov/mmap-io" | "shm-typed-array",
  work: string,
  fewer: (size: number) => number = () => 1,
): Contender {
  const key = name.replace("@riaskov/", "");
  return {
    name,
    host: "npm",
    role: "javascript",
    how: { by: "served", work: `${key}/${work}` },
    fewer,
  };
}

function inRuntimes(
  role: Contender["role"],
  script: string,
  work: string,
  { on = RUNTIMES, name = "", ...details }: Details,
): Contender[] {
  return on.map((host: HostName): Contender => ({
    name,
    host,
    role,
    how: { by: "served", script, work },
    ...details,
  }));
}
