/**
 * Embeddings by test runners, and by what compiles as it runs.
 *
 * @module
 */
import { type Embedding, NODE, RUNTIME } from "./embedding.ts";

const JEST = {
  "jest": "30.5.2",
  "@babel/core": "7.29.13",
  "@babel/plugin-transform-modules-commonjs": "7.29.14",
};

const JEST_CONFIG = {
  moduleFileExtensions: ["js", "mjs"],
  testMatch: ["**/*.test.js"],
  transform: { "\\.m?js$": "babel-jest" },
  transformIgnorePatterns: ["node_modules/(?!sysalloc)"],
};

const TESTS = `import { tryAll } from "./features.mjs";
test("the package works", async () => console.log(await tryAll()), 60_000);
`;

/** By test runners, and what compiles as it runs. */
export const TESTED: readonly Embedding[] = [
  {
    name: "jest",
    tools: JEST,
    files: {
      "package.json": '{ "private": true }',
      "babel.config.json": '{ "plugins": ["@babel/plugin-transform-modules-commonjs"] }',
      "jest.config.json": JSON.stringify(JEST_CONFIG),
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
      "jest.config.json": JSON.stringify({ ...JEST_CONFIG, testEnvironment: "jsdom" }),
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
