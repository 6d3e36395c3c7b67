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

/**
 * Replaces the modules in `folder` by `entry` with all that it imports, and in the
 * same way by each of `others`, which imports what is in `entry` from there. Comments,
 * white space and the names of local variables go; a source map leads to the TypeScript.
 * The declarations become the one of `entry`, with their comments.
 */
export async function bundle(
  folder: string,
  entry: string,
  others: readonly string[],
): Promise<void> {
  const outputs = await Promise.all([
    ...[entry, ...others].map((input) =>
      generate(folder, input, {
        // It is beside the others.
        external: input === entry ? [] : [resolve(folder, entry)],
        plugins: [{ name: "source maps", load: loadWithMap }],
      }, {
        minify: {
          compress: false,
          // Of functions, classes and properties the names stay, for traces.
          mangle: { toplevel: false, keepNames: true },
          codegen: { removeWhitespace: true },
        },
        comments: false,
        sourcemap: true,
        sourcemapPathTransform: (path) => path.replace(/^(?:\.\.\/)*(?:src\/)?/, ""),
      })
    ),
    generate(folder, entry.replace(/\.js$/, ".d.ts"), {
      external: [],
      plugins: [dts({ dtsInput: true, emitDtsOnly: true, oxc: true, tsconfig: false })],
    }, {}),
  ]);
  for (const name of await readdir(folder)) {
    await Deno.remove(join(folder, name), { recursive: true });
  }
  for (const [name, content] of outputs.flat()) {
    await Deno.writeTextFile(join(folder, name), content);
  }
}

/** The files that one module and all that it imports become, and their contents. */
async function generate(
  folder: string,
  input: string,
  { external, plugins }: { external: string[]; plugins: RolldownPluginOption[] },
  options: OutputOptions,
): Promise<[name: string, content: string][]> {
  const bundled = await rolldown({
    cwd: resolve(folder),
    input: `./${input}`,
    platform: "neutral",
    external,
    plugins,
  });
  const { output } = await bundled.generate({ format: "esm", ...options });
  await bundled.close();
  return output.map((part) => [
    part.fileName,
    (part.type === "chunk" ? part.code : part.source) as string,
  ]);
}

/** Loads a module with its own source map, which the one of the bundle then leads through. */
async function loadWithMap(path: string): Promise<{ code: string; map: string }> {
  const [code, map] = await Promise.all([
    Deno.readTextFile(path),
    Deno.readTextFile(`${path}.map`),
  ]);
  return { code, map };
}
