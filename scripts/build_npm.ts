/**
 * Builds the npm package `sysalloc` into `npm/`.
 *
 * @module
 */
import { build, emptyDir } from "@deno/dnt";
import config from "../deno.json" with { type: "json" };
import { OLDEST_VERSIONS } from "../ffi/runtime/versions.ts";
import { addressOf, RELATIVE_LINK, REPOSITORY } from "./tools/addresses.ts";
import { readArguments } from "./tools/arguments.ts";
import { bundle } from "./tools/bundle.ts";

readArguments({
  usage: `Usage: npm run build

Builds the npm package into npm/.

Options:
  -h, --help   print this`,
});

const OUTPUT = "npm";

await emptyDir(OUTPUT);
await build({
  entryPoints: ["./mod.ts", { kind: "bin", name: "sysalloc", path: "./cli.ts" }],
  outDir: OUTPUT,
  shims: {}, // the sources find their runtime by themselves
  test: false, // npm test and scripts/smoke_npm.ts do that
  typeCheck: "single",
  declaration: "inline",
  scriptModule: false,
  skipNpmInstall: true, // there is nothing to install
  skipSourceOutput: true,
  compilerOptions: {
    target: "Latest", // Node.js 22 runs the sources as they are: types go, code stays
    lib: ["ESNext", "DOM"], // DOM is where TypeScript keeps `import.meta.url`
    sourceMap: true,
    inlineSources: true,
  },
  package: {
    name: "sysalloc",
    version: config.version,
    description:
      "Virtual memory for Deno, Bun and Node.js: mmap and VirtualAlloc from TypeScript, without a native add-on",
    keywords: [
      "mmap",
      "munmap",
      "memory-mapped-file",
      "virtual-memory",
      "VirtualAlloc",
      "shared-memory",
      "ipc",
      "SharedArrayBuffer",
      "typed-array",
      "zero-copy",
      "webassembly",
      "ffi",
      "deno",
      "bun",
      "node",
    ],
    homepage: `${REPOSITORY}#readme`,
    bugs: { url: `${REPOSITORY}/issues` },
    repository: { type: "git", url: `git+${REPOSITORY}.git` },
    license: config.license,
    type: "module",
    main: "./esm/mod.js", // for those that do not look at "exports", as Parcel
    sideEffects: ["./esm/cli.js"],
    types: "./esm/mod.d.ts",
    // "default", where dnt alone would write "import": Node.js has been able to
    // require() an ES module since 22.12
    exports: { ".": { types: "./esm/mod.d.ts", default: "./esm/mod.js" } },
    engines: Object.fromEntries(OLDEST_VERSIONS.map(([name, , version]) => [name, `>=${version}`])),
    peerDependencies: { koffi: "^3" },
    peerDependenciesMeta: { koffi: { optional: true } },
  },
  async postBuild() {
    await Deno.copyFile("LICENSE", `${OUTPUT}/LICENSE`);
    for (const file of ["README.md", "CHANGELOG.md"]) {
      const text = await Deno.readTextFile(file);
      await Deno.writeTextFile(`${OUTPUT}/${file}`, withAddresses(text));
    }
    // Without dnt's esm/package.json, too: esbuild takes it for the package's, and
    // does not see there that importing the module has no effect.
    await bundle(`${OUTPUT}/esm`, "mod.js", ["cli.js"]);
    await finishDeclarations(`${OUTPUT}/esm/mod.d.ts`);
  },
});

/** Makes links to files of the repository lead there: the package has none of them. */
function withAddresses(text: string): string {
  return text.replace(RELATIVE_LINK, addressOf);
}

/**
 * Makes the declarations name the part of TypeScript's library that has `Disposable`: a
 * project whose `lib` is older than that has it by nothing else.
 */
async function finishDeclarations(path: string): Promise<void> {
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, `/// <reference lib="esnext.disposable" />\n${text}`);
}
