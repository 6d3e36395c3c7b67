/**
 * Embeddings as single executables, and with one file of koffi beside the program.
 *
 * @module
 */
import { join } from "node:path";
import { project } from "../../tools/cache.ts";
import { ESBUILD, esbuild } from "./bundled.ts";
import type { Embedding } from "./embedding.ts";

const NODE26 = join(project, "node_modules/node26/bin/node");

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
export const EXECUTABLES: readonly Embedding[] = [
  NAMED,
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

/** The program as a file: an executable's worker starts from one. */
function bunWorker(): string[] {
  return ["bun", "build", "main.mjs", "--target=bun", "--outfile=worker.mjs"];
}
