import type { BinaryEntryPoint, PackageJson } from "./options.ts";

/** The fields that dnt puts first and last; the others stay between them. */
const FIRST = [
  "name",
  "version",
  "description",
  "keywords",
  "author",
  "homepage",
  "repository",
  "license",
  "bugs",
  "main",
  "module",
  "types",
  "typings",
  "exports",
  "scripts",
];
const LAST = [
  "dependencies",
  "peerDependencies",
  "devDependencies",
  "_generatedBy",
];

/** The `package.json` that dnt makes of `fields` for one ES module entry point, and commands. */
export function packageJson(
  entryPoint: string,
  binaries: readonly BinaryEntryPoint[],
  fields: PackageJson,
): Record<string, unknown> {
  const emitted = (path: string) => `./esm/${path.replace(/^\.\//, "").replace(/\.ts$/, ".js")}`;
  const module = emitted(entryPoint);
  const bin = Object.fromEntries(binaries.map(({ name, path }) => [name, emitted(path)]));
  const all: Record<string, unknown> = {
    module,
    ...(binaries.length > 0 && { bin }),
    exports: { ".": { import: module } },
    scripts: {},
    ...fields,
    _generatedBy: "dnt@dev",
  };
  const between = Object.keys(all)
    .filter((name) => !FIRST.includes(name) && !LAST.includes(name));
  return Object.fromEntries(
    [...FIRST, ...between, ...LAST]
      .filter((name) => name in all)
      .map((name) => [name, all[name]]),
  );
}
