/**
 * A stand-in for the part of `jsr:@deno/dnt` that `scripts/build_npm.ts` uses,
 * for places from which JSR cannot be reached. `deno unlink` brings the real
 * one. It takes no other option and no other value: what it accepts means the
 * same to both, and both lay the package out alike.
 *
 * @module
 */
import { readdir } from "node:fs/promises";
import { type BuildOptions, checkOptions } from "./options.ts";
import { packageJson } from "./package_json.ts";

export type { BinaryEntryPoint, BuildOptions, PackageJson } from "./options.ts";

/** Builds an npm package of ES modules from a Deno module. */
export async function build(options: BuildOptions): Promise<void> {
  checkOptions(options);
  const { outDir } = options;
  const [entryPoint, ...binaries] = options.entryPoints;
  await checkBinaries(binaries.map(({ path }) => path));
  const esm = `${outDir}/esm`;

  await Deno.mkdir(esm, { recursive: true });
  await Deno.writeTextFile(
    `${outDir}/package.json`,
    JSON.stringify(packageJson(entryPoint, binaries, options.package), undefined, 2),
  );
  await Deno.writeTextFile(
    `${outDir}/.npmignore`,
    "/src/\n/test_runner.cjs\nyarn.lock\npnpm-lock.yaml\n",
  );

  log("Type checking and emitting the ESM package...");
  await compile(
    [entryPoint, ...binaries.map(({ path }) => path)],
    esm,
    options.compilerOptions.lib,
  );
  await rewriteDeclarations(esm);
  await Deno.writeTextFile(
    `${esm}/package.json`,
    '{\n  "type": "module"\n}\n',
  );

  log("Running post build action...");
  await options.postBuild();
  log("Complete!");
}

/** Leaves `dir` an empty folder: creates it, or removes what is in it. */
export async function emptyDir(dir: string | URL): Promise<void> {
  await Deno.remove(dir, { recursive: true }).catch((error: unknown) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(dir, { recursive: true });
}

/** The first line of a command, which dnt writes, or writes once more. */
const SHEBANG = "#!/usr/bin/env node\n";

/** Throws where a command does not have what dnt would write into it. */
async function checkBinaries(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if ((await Deno.readTextFile(path)).startsWith(SHEBANG)) continue;
    throw new TypeError(
      `The stand-in of dnt does not know commands without ${SHEBANG.trim()}: ${path}`,
    );
  }
}

/** Emits modules and all that they reach; throws where the types are wrong. */
async function compile(
  entryPoints: readonly string[],
  outDir: string,
  lib: string[],
): Promise<void> {
  const tsc = new URL(
    "../../../node_modules/typescript/bin/tsc",
    import.meta.url,
  );
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", tsc.href, ...entryPoints],
      "--ignoreConfig",
      ...["--outDir", outDir, "--rootDir", "."],
      ...["--target", "esnext", "--lib", lib.join()],
      ...["--module", "esnext", "--moduleResolution", "bundler"],
      ...["--strict", "--useUnknownInCatchVariables", "false"],
      ...["--isolatedModules", "--skipLibCheck", "--noEmitOnError"],
      ...["--declaration", "--rewriteRelativeImportExtensions"],
      ...["--sourceMap", "--inlineSources"],
    ],
  }).spawn().status;
  if (!success) throw new Error(`${entryPoints.join(" and ")} do not compile`);
}

/**
 * Makes relative `.ts` specifiers `.js` in the declaration files of `dir`:
 * TypeScript does so in the modules only. Comment lines stay as they are.
 */
async function rewriteDeclarations(dir: string): Promise<void> {
  for (const file of await readdir(dir, { recursive: true })) {
    if (!file.endsWith(".d.ts")) continue;
    const text = await Deno.readTextFile(`${dir}/${file}`);
    const rewritten = text.replace(
      /^(?!\s*(?:\*|\/[*/])).*$/gm,
      (line) =>
        line.replace(
          /\b(from |import |import\()"(\.[^"]+)\.ts"/g,
          '$1"$2.js"',
        ),
    );
    await Deno.writeTextFile(`${dir}/${file}`, rewritten);
  }
}

function log(message: string): void {
  console.log(`[dnt] ${message}`);
}
