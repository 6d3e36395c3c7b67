/**
 * Makes one module of many, and one declaration file: Bun and Node.js take 0.25 to
 * 0.4 ms for every file of an import, and the longer one is, the longer they read it.
 *
 * @module
 */
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type OutputOptions, rolldown, type RolldownPluginOption } from "rolldown";
import { dts } from "rolldown-plugin-dts";
import { minify } from "terser";

/**
 * Replaces the modules in `folder` by `entry` with all that it imports, and in the
 * same way by each of `others`, which imports what is in `entry` from there. Comments
 * and white space go, and names stay; a source map leads to the TypeScript. The
 * declarations become the one of `entry`, with their comments.
 */
export async function bundle(
  folder: string,
  entry: string,
  others: readonly string[],
): Promise<void> {
  const [declarations, ...modules] = await Promise.all([
    generate(folder, entry.replace(/\.js$/, ".d.ts"), [], [
      dts({ dtsInput: true, emitDtsOnly: true, oxc: true, tsconfig: false }),
    ], {}),
    ...[entry, ...others].map((input) =>
      generate(
        folder,
        input,
        input === entry ? [] : [resolve(folder, entry)], // it is beside the others
        [{ name: "source maps", load: loadWithMap }],
        {
          sourcemap: true,
          sourcemapPathTransform: (path) => path.replace(/^(?:\.\.\/)*(?:src\/)?/, ""),
        },
      )
    ),
  ]);
  const shrunk = await Promise.all(modules.map(shrink));
  for (const name of await readdir(folder)) {
    await Deno.remove(join(folder, name), { recursive: true });
  }
  for (const { name, text } of [declarations, ...shrunk.flat()]) {
    await Deno.writeTextFile(join(folder, name), text);
  }
}

/** A file of the package. */
interface Output {
  readonly name: string;
  readonly text: string;
  /** Its source map, while it has one. */
  readonly map?: string;
}

/** The file that one module and all that it imports become. */
async function generate(
  folder: string,
  input: string,
  external: string[],
  plugins: RolldownPluginOption[],
  options: OutputOptions,
): Promise<Output> {
  const bundled = await rolldown({
    cwd: resolve(folder),
    input: `./${input}`,
    platform: "neutral",
    external,
    plugins,
  });
  const { output } = await bundled.generate({ format: "esm", ...options });
  await bundled.close();
  const { fileName, code, map } = output[0];
  return { name: fileName, text: code, ...(map && { map: map.toString() }) };
}

/** A module without comments and white space, and its source map. */
async function shrink({ name, text, map }: Output): Promise<Output[]> {
  const shrunk = await minify({ [name]: text }, {
    module: true,
    compress: false,
    mangle: false,
    format: {
      ecma: 2020, // or fields are written as { name: name }
      ascii_only: true, // or engines would keep it as text of 16 bits a character
      comments: /webpackIgnore/,
      max_line_len: 120, // Node.js prints the line that an error which nobody caught is from
    },
    sourceMap: { content: map!, filename: name, url: `${name}.map`, includeSources: true },
  });
  return [
    { name, text: shrunk.code! },
    { name: `${name}.map`, text: shrunk.map as string },
  ];
}

/** Loads a module with its own source map, which the one of the bundle then leads through. */
async function loadWithMap(path: string): Promise<{ code: string; map: string }> {
  const [code, map] = await Promise.all([
    Deno.readTextFile(path),
    Deno.readTextFile(`${path}.map`),
  ]);
  return { code: path.endsWith("/koffi_places.js") ? withTraces(code) : code, map };
}

/** The files of koffi, with its machine code for the systems that traced programs go to. */
const KOFFI_FILES = [
  "koffi",
  ...["linux-x64/linux_x64", "linux-x64/musl_x64", "linux-arm64/linux_arm64"].map((build) =>
    `@koromix/koffi-${build}/koffi.node`
  ),
];

/**
 * Writes imports of koffi into the function for that. Tracers (`@vercel/nft`, for Next.js
 * and others), which copy what a program needs, compute the names. Bundlers leave them
 * alone: they would fail where koffi is not installed, and have no place for machine code.
 */
export function withTraces(code: string): string {
  const traces = KOFFI_FILES.map((name) =>
    `import(/* webpackIgnore: true */ ${JSON.stringify(name)}.concat(""));`
  ).join("");
  const written = code.replace("function traced() {", `$&${traces}`);
  if (written === code) throw new Error("koffi_places.js has no function for traces");
  return written;
}
