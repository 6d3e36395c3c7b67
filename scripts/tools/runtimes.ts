/**
 * The builds of the runtimes for other systems and in other versions. They
 * come from the npm registry.
 *
 * @module
 */
import { join } from "node:path";
import { nodeLabel, pinned, type Runner } from "./suite.ts";
import { fetchPackage } from "./npm.ts";
import { addKoffi } from "./suite_copy.ts";

/** A build of a runtime. */
export interface RuntimeBuild {
  /** Its name in the table, without the exact version. */
  readonly label: string;
  /** Its name in file names. */
  readonly id: string;
  readonly runner: Runner;
  readonly version: string;
  /** Options before the arguments of its test runner. Default: none. */
  readonly options?: readonly string[];
  /** Fetches it; gives the path of the executable. */
  readonly fetch: () => Promise<string>;
}

/** The build of Deno in an npm package, in the version that the project pins. */
export function deno(name: string, executable: string): RuntimeBuild {
  return npmBuild("Deno", "deno", name, pinned("deno"), executable);
}

/** The build of Bun in an npm package, in the version that the project pins. */
export function bun(name: string, executable: string): RuntimeBuild {
  return npmBuild("Bun", "bun", name, pinned("bun"), executable);
}

/**
 * The builds of Node.js in an npm package, in versions that the project pins:
 * one with FFI of its own, and one that needs the build of koffi given, as
 * koffi names it.
 */
export function node(name: string, executable: string, koffi: string): readonly [
  RuntimeBuild,
  RuntimeBuild,
] {
  const build = (pin: string, ffi: string) =>
    npmBuild(nodeLabel(pinned(pin), ffi), "node", name, pinned(pin), executable);
  return [
    build("node26", "node:ffi"),
    withKoffi(build("node22", "koffi"), koffi),
  ];
}

/** A build that a build of koffi is fetched for too. */
export function withKoffi(build: RuntimeBuild, koffi: string): RuntimeBuild {
  return {
    ...build,
    fetch: async () => {
      await addKoffi(koffi);
      return await build.fetch();
    },
  };
}

/** The build of a runtime in an npm package. */
export function npmBuild(
  label: string,
  runner: Runner,
  name: string,
  version: string,
  executable: string,
): RuntimeBuild {
  return {
    label,
    id: `${runner}-${version}`,
    runner,
    version,
    fetch: async () => join(await fetchPackage(name, version), executable),
  };
}
