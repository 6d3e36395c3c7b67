/**
 * Builds the package for JSR into `jsr/`, from the bundle that `scripts/build_npm.ts` has made: Deno
 * takes ten times as long to import the 160 sources.
 *
 * @module
 */
import config from "../deno.json" with { type: "json" };
import { readArguments } from "./tools/arguments.ts";

readArguments({
  usage: `Usage: deno run -A scripts/build_jsr.ts

Builds the package for JSR into jsr/. scripts/build_npm.ts comes first.

Options:
  -h, --help   print this`,
});

const FROM = "npm";
const TO = "jsr";

/** The first comment of a source: the overview of the entry point. */
async function overview(source: string): Promise<string> {
  const found = /^\/\*\*.*?\*\/\n/ms.exec(await Deno.readTextFile(source));
  if (found === null) throw new Error(`${source} has no overview`);
  return found[0];
}

/** Copies a module and its source map, and names its declarations in a line before all others. */
async function copyModule(name: string): Promise<void> {
  const [, shebang = "", code] = /^(#![^\n]*\n)?(.*)$/s.exec(
    await Deno.readTextFile(`${FROM}/esm/${name}.js`),
  )!;
  await Deno.writeTextFile(
    `${TO}/${name}.js`,
    `${shebang}// @ts-self-types="./${name}.d.ts"\n${code}`,
  );
  const map = JSON.parse(await Deno.readTextFile(`${FROM}/esm/${name}.js.map`));
  map.mappings = `;${map.mappings}`;
  await Deno.writeTextFile(`${TO}/${name}.js.map`, JSON.stringify(map));
}

await Deno.remove(TO, { recursive: true }).catch(() => {});
await Deno.mkdir(TO);
for (const name of ["mod", "cli"]) await copyModule(name);
const declarations = await Deno.readTextFile(`${FROM}/esm/mod.d.ts`);
// JSR refuses references to libraries, and Deno knows `Disposable`.
const types = declarations.replace(/^\/\/\/ <reference .*\n/, "");
await Deno.writeTextFile(`${TO}/mod.d.ts`, await overview("mod.ts") + types);
await Deno.writeTextFile(`${TO}/cli.d.ts`, `${await overview("cli.ts")}export {};\n`);
for (const name of ["README.md", "CHANGELOG.md", "LICENSE"]) {
  await Deno.copyFile(`${FROM}/${name}`, `${TO}/${name}`);
}
const { name, version, license } = config;
const exports = { ".": "./mod.js", "./cli": "./cli.js" };
await Deno.writeTextFile(
  `${TO}/deno.json`,
  `${JSON.stringify({ name, version, license, exports }, null, 2)}\n`,
);
