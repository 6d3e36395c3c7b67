/**
 * Embeddings by package managers.
 *
 * @module
 */
import { pinned } from "../../tools/suite.ts";
import { type Embedding, NODE, RUNTIME, TARBALL } from "./embedding.ts";

const KOFFI = `koffi@${pinned("koffi")}`;

/** By package managers. */
export const INSTALLED: readonly Embedding[] = [
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
