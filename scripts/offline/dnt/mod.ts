/**
 * A stand-in for the part of `jsr:@deno/dnt` that `scripts/build_npm.ts` uses,
 * for places from which JSR cannot be reached. `deno unlink` brings the real
 * one. It takes no other option and no other value: what it accepts means the
 * same to both, and both lay the package out alike.
 *
 * @module
 */
import { readdir } from "node:fs/promises";
import { checkOptions } from "./options.ts";
import { packageJson } from "./package_json.ts";

/** A `package.json`, of which dnt fills in what it knows better. */
export interface PackageJson {
  name: string;
  version: string;
  [property: string]: unknown;
}

/** The options of {@linkcode build}. */
export interface BuildOptions {
  /** The module that becomes the package's main export. */
  entryPoints: [string];
  /** The folder of the package. */
  outDir: string;
  /** Stand-ins for globals that Node.js lacks: none. */
  shims: Record<string, never>;
  /** Whether to type-check before emitting. */
  typeCheck: "single";
  /** Whether to collect and run tests. */
  test: false;
  /** `"inline"` puts each declaration file beside its module. */
  declaration: "inline";
  /** The CommonJS or UMD variant: none. */
  scriptModule: false;
  /** Whether to do without `npm install` in the package. */
  skipNpmInstall: true;
  /** Whether to leave the TypeScript sources out of the package. */
  skipSourceOutput: true;
  /** Options of the TypeScript compiler; `"Latest"` also means no polyfills. */
  compilerOptions: { target: "Latest"; lib: string[]; sourceMap: true; inlineSources: true };
  /** The fields of `package.json`. */
  package: PackageJson;
  /** Runs once everything has been written. */
  postBuild: () => void | Promise<void>;
}

/** Builds an npm package of ES modules from a Deno module. */
export async function build(options: BuildOptions): Promise<void> {
  checkOptions(options);
  const { outDir } = options;
  const [entryPoint] = options.entryPoints;
  const esm = `${outDir}/esm`;

  await Deno.mkdir(esm, { recursive: true });
  await Deno.writeTextFile(
    `${outDir}/package.json`,
    JSON.stringify(packageJson(entryPoint, options.package), undefined, 2),
  );
  await Deno.writeTextFile(
    `${outDir}/.npmignore`,
    "/src/\n/test_runner.cjs\nyarn.lock\npnpm-lock.yaml\n",
  );

  log("Type checking and emitting the ESM package...");
  await compile(entryPoint, esm, options.compilerOptions.lib);
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

/** Emits `entryPoint` and all that it reaches; throws where the types are wrong. */
async function compile(
  entryPoint: string,
  outDir: string,
  lib: string[],
): Promise<void> {
  const tsc = new URL(
    "../../../node_modules/typescript/bin/tsc",
    import.meta.url,
  );
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", tsc.href, entryPoint],
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
  if (!success) throw new Error(`${entryPoint} does not compile`);
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
