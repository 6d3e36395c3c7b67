/**
 * Makes one module of many: Bun and Node.js take 0.25 to 0.4 ms for every file
 * of an import, whatever is in it.
 *
 * @module
 */
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { rolldown } from "rolldown";

/**
 * Replaces the modules in `folder` by `entry` with all that it imports, as
 * readable as they are, with a source map that leads to the TypeScript, and in
 * the same way by each of `others`, which imports what is in `entry` from there.
 * Declarations stay as they are.
 */
export async function bundle(
  folder: string,
  entry: string,
  others: readonly string[],
): Promise<void> {
  const files = new Map<string, string>();
  for (const input of [entry, ...others]) {
    const bundled = await rolldown({
      cwd: resolve(folder),
      input: `./${input}`,
      platform: "neutral",
      // It is beside the others.
      external: input === entry ? [] : [resolve(folder, entry)],
      // Both would put numbers in the place of named constants.
      treeshake: false,
      optimization: { inlineConst: false },
      plugins: [{ name: "source maps", load: loadWithMap }],
    });
    const { output } = await bundled.generate({
      format: "esm",
      minify: false,
      sourcemap: true,
      sourcemapPathTransform: (path) => path.replace(/^(?:\.\.\/)*(?:src\/)?/, ""),
    });
    await bundled.close();
    for (const part of output) {
      files.set(part.fileName, (part.type === "chunk" ? part.code : part.source) as string);
    }
  }
  for (const name of await readdir(folder, { recursive: true })) {
    if (/\.js(\.map)?$/.test(name)) await Deno.remove(join(folder, name));
  }
  for (const [name, content] of files) await Deno.writeTextFile(join(folder, name), content);
}

/** Loads a module with its own source map, which the one of the bundle then leads through. */
async function loadWithMap(path: string): Promise<{ code: string; map: string }> {
  const [code, map] = await Promise.all([
    Deno.readTextFile(path),
    Deno.readTextFile(`${path}.map`),
  ]);
  return { code, map };
}
