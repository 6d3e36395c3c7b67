/**
 * The ways to embed the package that are tried.
 *
 * @module
 */
import { join } from "node:path";
import { project } from "../../tools/cache.ts";
import { pinned } from "../../tools/suite.ts";
import { type Embedding, RUNTIME, TARBALL } from "./embedding.ts";

const KOFFI = `koffi@${pinned("koffi")}`;
const ESBUILD = { esbuild: pinned("esbuild") };
const ROLLDOWN = { rolldown: pinned("rolldown") };
const NODE = ["node24", "node26"] as const;
const NODE26 = join(project, "node_modules/node26/bin/node");

/** By package managers. */
const INSTALLED: readonly Embedding[] = [
  { name: "npm", installs: true, build: [["npm", "install", TARBALL, KOFFI]] },
  {
    name: "pnpm",
    tools: { pnpm: "12.21.0" },
    installs: true,
    build: [["pnpm", "add", "--config.strict-dep-builds=false", TARBALL, KOFFI]],
  },
  {
    name: "yarn",
    tools: { "@yarnpkg/cli-dist": "4.18.1" },
    files: { ".yarnrc.yml": "nodeLinker: node-modules\n", "yarn.lock": "" },
    installs: true,
    build: [["yarn", "add", `sysalloc@file:${TARBALL}`, KOFFI]],
  },
  {
    name: "yarn-pnp",
    tools: { "@yarnpkg/cli-dist": "4.18.1" },
    files: { ".yarnrc.yml": "nodeLinker: pnp\n", "yarn.lock": "" },
    installs: true,
    build: [["yarn", "add", `sysalloc@file:${TARBALL}`, KOFFI]],
    run: [RUNTIME, "--require=./.pnp.cjs", "--loader=./.pnp.loader.mjs", "main.mjs"],
    runtimes: NODE,
  },
  { name: "bun", installs: true, build: [["bun", "add", TARBALL, KOFFI]] },
  {
    name: "two-copies",
    files: { "two.mjs": 'import "./main.mjs";\nimport "./copy/main.mjs";\n' },
    build: [
      ["mkdir", "copy"],
      ["cp", "-R", "main.mjs", "features.mjs", "node_modules", "copy"],
    ],
    run: [RUNTIME, "two.mjs"],
    short: true,
  },
];

/** By bundlers. */
const BUNDLED: readonly Embedding[] = [
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

/** By a name of its own for koffi's one file, which the program brings along. */
const NAMED: Embedding = {
  name: "koffi-named",
  tools: ESBUILD,
  files: {
    "start.cjs": `process.env.SYSALLOC_KOFFI = "./koffi.node";
require("./dist/main.cjs");
process.on("exit", () => {
  const files = Object.keys(require.cache).filter((path) => path.endsWith(".node"));
  if (files.join() !== __dirname + "/koffi.node") throw new Error(files.join() + " was loaded");
});
`,
  },
  build: [
    esbuild("cjs", ".cjs"),
    ["cp", "node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node", "."],
  ],
  output: ["start.cjs", "dist/main.cjs", "koffi.node"],
  worker: "start.cjs",
  runtimes: ["node24"],
  short: true,
};

/** As single executables. */
const EXECUTABLES: readonly Embedding[] = [
  {
    name: "bun-compile",
    build: [["bun", "build", "main.mjs", "--compile", "--outfile=main"], bunWorker()],
    output: ["main", "worker.mjs"],
    run: ["./main"],
    worker: "worker.mjs",
    runtimes: ["bun"],
    short: true,
  },
  {
    name: "sea-node24",
    tools: { ...ESBUILD, postject: "1.0.0-alpha.6" },
    files: { "sea.json": JSON.stringify({ main: "dist/main.cjs", output: "main.blob" }) },
    build: [
      esbuild("cjs", ".cjs"),
      ["node", "--experimental-sea-config", "sea.json"],
      ["sh", "-c", 'cp "$(command -v node)" main'],
      [
        ...["postject", "main", "NODE_SEA_BLOB", "main.blob", "--sentinel-fuse"],
        "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2",
      ],
    ],
    output: ["main", "dist/main.cjs"],
    run: ["./main"],
    worker: "dist/main.cjs",
    runtimes: ["node24"],
  },
  {
    name: "sea-node26",
    tools: ESBUILD,
    files: { "sea.json": JSON.stringify({ main: "dist/main.cjs", output: "main" }) },
    build: [esbuild("cjs", ".cjs"), [NODE26, "--build-sea", "sea.json"]],
    output: ["main", "dist/main.cjs"],
    run: ["./main"],
    worker: "dist/main.cjs",
    runtimes: ["node26"],
  },
];

const JEST = {
  "jest": "30.5.2",
  "@babel/core": "7.29.13",
  "@babel/plugin-transform-modules-commonjs": "7.29.14",
};

const TESTS = `import { tryAll } from "./features.mjs";
test("the package works", async () => console.log(await tryAll()), 60_000);
`;

/** By test runners, and what compiles as it runs. */
const TESTED: readonly Embedding[] = [
  {
    name: "jest",
    tools: JEST,
    files: {
      "package.json": '{ "private": true }',
      "babel.config.json": '{ "plugins": ["@babel/plugin-transform-modules-commonjs"] }',
      "jest.config.json": JSON.stringify({
        moduleFileExtensions: ["js", "mjs"],
        testMatch: ["**/*.test.js"],
        transform: { "\\.m?js$": "babel-jest" },
        transformIgnorePatterns: ["node_modules/(?!sysalloc)"],
      }),
      "all.test.js": TESTS,
    },
    run: [RUNTIME, "node_modules/jest/bin/jest.js", "--config=jest.config.json"],
    runtimes: NODE,
    short: true,
  },
  {
    name: "jest-jsdom", // without TextEncoder, and in the oldest syntax that Babel has
    tools: {
      ...JEST,
      "@babel/preset-env": "7.29.14",
      "jest-environment-jsdom": "30.5.2",
    },
    files: {
      "package.json": '{ "private": true }',
      "babel.config.json": '{ "presets": ["@babel/preset-env"] }',
      "jest.config.json": JSON.stringify({
        moduleFileExtensions: ["js", "mjs"],
        testEnvironment: "jsdom",
        testMatch: ["**/*.test.js"],
        transform: { "\\.m?js$": "babel-jest" },
        transformIgnorePatterns: ["node_modules/(?!sysalloc)"],
      }),
      "all.test.js": TESTS,
    },
    run: [RUNTIME, "node_modules/jest/bin/jest.js", "--config=jest.config.json"],
    runtimes: NODE,
  },
  {
    name: "jest-modules",
    tools: JEST,
    files: {
      "jest.config.json": '{ "testMatch": ["**/*.test.mjs"], "transform": {} }',
      "all.test.mjs": TESTS,
    },
    run: [
      ...[RUNTIME, "--experimental-vm-modules", "node_modules/jest/bin/jest.js"],
      "--config=jest.config.json",
    ],
    runtimes: NODE,
  },
  ...["threads", "forks", "vmThreads"].map((pool): Embedding => ({
    name: `vitest-${pool}`,
    tools: { vitest: "5.1.2", vite: "8.3.8" },
    files: { "all.test.mjs": `import { test } from "vitest";\n${TESTS}` },
    run: [RUNTIME, "node_modules/vitest/vitest.mjs", "run", `--pool=${pool}`],
    runtimes: NODE,
  })),
  {
    name: "mocha",
    tools: { mocha: "12.0.3" },
    files: {
      "all.test.mjs": TESTS.replace("test(", "it(").replace(", 60_000);", ").timeout(60_000);"),
    },
    run: [RUNTIME, "node_modules/mocha/bin/mocha.js", "all.test.mjs"],
    runtimes: NODE,
    short: true,
  },
  {
    name: "tsx",
    tools: { tsx: "4.23.15" },
    files: { "main.ts": 'const text: string = "./main.mjs";\nawait import(text);\n' },
    run: [RUNTIME, "--import=tsx", "main.ts"],
    runtimes: NODE,
  },
  {
    name: "ts-node",
    tools: { "ts-node": "10.9.2", typescript: "5.9.3" },
    files: {
      "package.json": '{ "private": true }',
      "tsconfig.json": '{ "compilerOptions": { "module": "nodenext", "target": "es2023" } }',
      "main.ts": 'const text: string = "./main.mjs";\nimport(text);\n',
    },
    run: [RUNTIME, "node_modules/ts-node/dist/bin.js", "--transpile-only", "main.ts"],
    runtimes: NODE,
  },
];

/** All of them, each with its few lines. */
export const EMBEDDINGS: readonly Embedding[] = [
  ...INSTALLED,
  ...BUNDLED,
  NAMED,
  ...EXECUTABLES,
  ...TESTED,
];

function extension(format: string): string {
  return format === "esm" ? ".mjs" : ".cjs";
}

function esbuild(format: string, extension: string): string[] {
  const out = ["--outdir=dist", `--out-extension:.js=${extension}`];
  return ["esbuild", "main.mjs", "--bundle", "--platform=node", `--format=${format}`, ...out];
}

/** The program as a file: an executable's worker starts from one. */
function bunWorker(): string[] {
  return ["bun", "build", "main.mjs", "--target=bun", "--outfile=worker.mjs"];
}
