import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { EMBEDDINGS } from "../embeddings/declared.ts";
import { chosen, type Embedding, RUNTIME } from "../embeddings/embedding.ts";
import { runEmbeddings } from "../embeddings/run.ts";

/** A program that says what is asked for, and what of its folder it sees. */
const SAYS = { "says.mjs": 'console.log("2 features work");\n' };
const RUN = { run: [RUNTIME, "says.mjs"], runtimes: ["bun"] } as const;

/** What each comes to: what it counts, what is unavailable, or what is told of its failure. */
const OUTCOMES: Readonly<Record<string, readonly [Omit<Embedding, "name">, RegExp]>> = {
  "one that runs": [{ ...RUN, files: SAYS }, /^1 passed$/],
  "one that runs elsewhere": [
    {
      ...RUN,
      files: {
        "says.mjs": `import { existsSync } from "node:fs";
if (existsSync("main.mjs") || !existsSync("node_modules/koffi")) throw new Error("not moved");
console.log("2 features work");
`,
      },
      output: ["says.mjs"],
    },
    /^1 passed$/,
  ],
  "one whose tool is not there": [
    { ...RUN, files: SAYS, tools: { tool: "file:/nowhere.tgz" } },
    /^unavailable: npm cannot fetch tool@file:\/nowhere.tgz$/,
  ],
  "one that is not built": [
    { ...RUN, files: SAYS, build: [["sh", "-c", "echo the reason; exit 3"]] },
    /was not built: sh -c .* ended with 3\n(?:.*\n)*the reason$/,
  ],
  "one that lacks its output": [{ ...RUN, output: ["dist/main.cjs"] }, /dist\/main.cjs/],
  "one with the path of the folder in its output": [
    { ...RUN, build: [["sh", "-c", 'echo "// $PWD" > says.mjs']], output: ["says.mjs"] },
    /says.mjs has the path of the folder that it was built in/,
  ],
  "one that fails": [
    { ...RUN, files: { "says.mjs": 'throw new Error("2 features work not");\n' } },
    /in Bun ended with 1\n(?:.*\n)*.*2 features work not/,
  ],
  "one that does nothing": [
    { ...RUN, files: { "says.mjs": "" } },
    /in Bun has not run the program/,
  ],
};

Deno.test("runEmbeddings() tells of each what it came to", async () => {
  const built = await Deno.makeTempDir();
  try {
    const manifest = '{ "name": "sysalloc", "version": "0.0.0" }\n';
    await Deno.writeTextFile(join(built, "package.json"), manifest);
    const embeddings = Object.entries(OUTCOMES).map(([name, [embedding]]): Embedding => ({
      ...embedding,
      name,
    }));
    const records = await runEmbeddings(embeddings, built);
    assertEquals(records.map(({ platform }) => platform), Object.keys(OUTCOMES));
    for (const { platform, result, failures } of records) {
      const came = "unavailable" in result
        ? `unavailable: ${result.unavailable}`
        : failures ?? `${result.passed} passed`;
      assertMatch(came.trimEnd(), OUTCOMES[platform]![1]);
      const failed = "failed" in result ? result.failed : 0;
      assertEquals(failed, failures === undefined ? 0 : 1);
    }
  } finally {
    await Deno.remove(built, { recursive: true });
  }
});

Deno.test("chosen() takes those that are named, or all, or those of the short form", () => {
  const embeddings: readonly Embedding[] = [{ name: "a", short: true }, { name: "b" }];
  const names = (...args: [string[], boolean]) =>
    chosen(embeddings, ...args).map(({ name }) => name).join();
  assertEquals(names([], false), "a,b");
  assertEquals(names([], true), "a");
  assertEquals(names(["b"], true), "b");
});

Deno.test("each embedding has a name and pinned versions of its own", () => {
  const names = EMBEDDINGS.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  for (const { tools = {} } of EMBEDDINGS) {
    for (const version of Object.values(tools)) assertMatch(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/);
  }
  assertStringIncludes(names.join(), "esbuild-cjs");
});
