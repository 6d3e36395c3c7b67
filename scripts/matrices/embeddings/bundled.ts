/**
 * Embeddings by bundlers.
 *
 * @module
 */
import { pinned } from "../../tools/suite.ts";
import { type Embedding, NODE } from "./embedding.ts";

/** The tools of those that esbuild bundles. */
export const ESBUILD: Readonly<Record<string, string>> = { esbuild: pinned("esbuild") };
const ROLLDOWN = { rolldown: pinned("rolldown") };

/** By bundlers. */
export const BUNDLED: readonly Embedding[] = [
  ...["esm", "cjs"].map((format): Embedding => ({
    name: `esbuild-${format}`,
    tools: ESBUILD,
    build: [esbuild(format, extension(format))],
    output: [`dist/main${extension(format)}`],
    short: true,
  })),
  {
    name: "esbuild-minified",
    tools: ESBUILD,
    build: [[...esbuild("cjs", ".cjs"), "--minify"]],
    output: ["dist/main.cjs"],
  },
  ...["esm", "cjs"].map((format): Embedding => ({
    name: `rollup-${format}`,
    tools: { rollup: "4.68.5", "@rollup/plugin-node-resolve": "16.0.3" },
    build: [[
      ...["rollup", "main.mjs", "-p", "node-resolve", "-f", format],
      ...["-o", `dist/main${extension(format)}`],
    ]],
    output: [`dist/main${extension(format)}`],
  })),
  ...["esm", "cjs"].map((format): Embedding => ({
    name: `rolldown-${format}`,
    tools: ROLLDOWN,
    build: [[
      ...["rolldown", "main.mjs", "--platform", "node", "-f", format],
      ...["-o", `dist/main${extension(format)}`],
    ]],
    output: [`dist/main${extension(format)}`],
  })),
  ...["production", "development"].map((mode): Embedding => ({
    name: `webpack-${mode}`,
    tools: { webpack: "5.112.2", "webpack-cli": "7.3.1" },
    build: [[
      ...["webpack", "build", "--entry", "./main.mjs", "--target", "node", "--mode", mode],
      ...["--output-filename", "main.cjs"],
    ]],
    output: ["dist/main.cjs"],
  })),
  {
    name: "rspack",
    tools: { "@rspack/core": "2.3.2" },
    files: {
      "build.mjs": `import { rspack } from "@rspack/core";
const output = { path: import.meta.dirname + "/dist", filename: "main.cjs" };
rspack({ entry: "./main.mjs", target: "node", mode: "production", output }, (error, stats) => {
  console.log(error ?? stats.toString());
  process.exitCode = error || stats.hasErrors() ? 1 : 0;
});
`,
    },
    build: [["node", "build.mjs"]],
    output: ["dist/main.cjs"],
  },
  {
    name: "parcel",
    tools: { parcel: "2.16.4" },
    files: {
      "package.json": JSON.stringify({
        targets: {
          app: { context: "node", includeNodeModules: true, outputFormat: "commonjs" },
        },
        app: "dist/main.cjs",
      }),
    },
    build: [["parcel", "build", "main.mjs", "--no-cache", "--no-source-maps"]],
    output: ["dist/main.cjs"],
  },
  {
    name: "vite-ssr",
    tools: { vite: "8.3.8" },
    files: { "vite.config.mjs": "export default { ssr: { noExternal: true } };\n" },
    build: [["vite", "build", "--ssr", "main.mjs"]],
    output: ["dist/main.js"],
  },
  {
    name: "tsup",
    tools: { tsup: "9.0.0", typescript: "5.9.3" },
    build: [["tsup", "main.mjs", "--format", "cjs", "--no-config"]],
    output: ["dist/main.cjs"],
  },
  ...["esm", "cjs"].map((format): Embedding => ({
    name: `bun-build-${format}`,
    build: [[
      ...["bun", "build", "main.mjs", "--target=node", `--format=${format}`],
      `--outfile=dist/main${extension(format)}`,
    ]],
    output: [`dist/main${extension(format)}`],
    short: true,
  })),
  {
    name: "ncc",
    tools: { "@vercel/ncc": "0.45.0" },
    build: [["ncc", "build", "main.mjs"]],
    output: ["dist/index.mjs"],
  },
  {
    name: "nft", // as Next.js makes its "standalone" folder
    tools: { "@vercel/nft": "1.11.5" },
    files: {
      "trace.mjs": `import { cpSync } from "node:fs";
import { nodeFileTrace } from "@vercel/nft";
const { fileList } = await nodeFileTrace(["main.mjs"]);
for (const file of fileList) cpSync(file, "dist/" + file);
`,
    },
    build: [["node", "trace.mjs"], ["cp", "-R", "dist/node_modules", "traced"], [
      ...["sh", "-c", "rm -rf node_modules && mv traced node_modules"],
    ]],
    output: ["main.mjs", "features.mjs", "package.json", "node_modules"],
    runtimes: NODE,
    short: true,
  },
];

function extension(format: string): string {
  return format === "esm" ? ".mjs" : ".cjs";
}

/** The command by which esbuild bundles the program. */
export function esbuild(format: string, extension: string): string[] {
  const out = ["--outdir=dist", `--out-extension:.js=${extension}`];
  return ["esbuild", "main.mjs", "--bundle", "--platform=node", `--format=${format}`, ...out];
}
