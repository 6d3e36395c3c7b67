/** A `package.json`, of which dnt fills in what it knows better. */
export interface PackageJson {
  name: string;
  version: string;
  [property: string]: unknown;
}

/** A module that becomes a command. */
export interface BinaryEntryPoint {
  kind: "bin";
  /** The name of the command. */
  name: string;
  /** The module, whose first line is `#!/usr/bin/env node`. */
  path: string;
}

/** The options of `build()`. */
export interface BuildOptions {
  /** The module that becomes the package's main export, then commands. */
  entryPoints: [string, ...BinaryEntryPoint[]];
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

/** What a value is held against: a predicate, or one for each property. */
type Check = ((value: unknown) => boolean) | { readonly [name: string]: Check };

const OPTIONS: { readonly [Name in keyof BuildOptions]: Check } = {
  entryPoints: (value) => {
    if (!Array.isArray(value)) return false;
    const [first, ...binaries] = value;
    return isString(first) && binaries.every(isBinary);
  },
  outDir: isString,
  shims: {},
  typeCheck: is("single"),
  test: is(false),
  declaration: is("inline"),
  scriptModule: is(false),
  skipNpmInstall: is(true),
  skipSourceOutput: is(true),
  compilerOptions: {
    target: is("Latest"),
    lib: isStrings,
    sourceMap: is(true),
    inlineSources: is(true),
  },
  package: (value) => typeof value === "object" && value !== null,
  postBuild: (value) => typeof value === "function",
};

/**
 * Throws unless `options` has exactly the options that the stand-in knows,
 * each with a value that it honours: anything else would be ignored here, and
 * obeyed by the real dnt.
 */
export function checkOptions(options: BuildOptions): void {
  checkValue("options", options, OPTIONS);
}

function checkValue(name: string, value: unknown, check: Check): void {
  const isRight = typeof check === "function"
    ? check(value)
    : typeof value === "object" && value !== null;
  if (!isRight) {
    throw new TypeError(
      `The stand-in of dnt does not know ${name}: ${Deno.inspect(value)}`,
    );
  }
  if (typeof check === "function") return;
  const properties = value as Record<string, unknown>;
  for (const key of Object.keys({ ...check, ...properties })) {
    const checkKey = Object.hasOwn(check, key) ? check[key]! : () => false;
    checkValue(`${name}.${key}`, properties[key], checkKey);
  }
}

function is(expected: unknown): Check {
  return (value) => value === expected;
}

function isBinary(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { kind, name, path, ...others } = value as Record<string, unknown>;
  return kind === "bin" && isString(name) && isString(path) && Object.keys(others).length === 0;
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isString);
}
