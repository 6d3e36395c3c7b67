import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { EMBEDDINGS } from "../matrices/embeddings/declared.ts";
import { embeddingPlaces } from "../matrices/embeddings/building.ts";
import { type Embedding, RUNTIME } from "../matrices/embeddings/embedding.ts";
import { type Outcome, runPlaces } from "../tools/matrix.ts";

/** A program that says what is asked for, and what of its folder it sees. */
const SAYS = { "says.mjs": 'console.log("2 features work");\n' };
const RUN = { run: [RUNTIME, "says.mjs"], runtimes: ["bun"] } as const;

/** Embeddings and their outcomes: the counts, or the reason that is given. */
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
    /sh -c .* ended with 3\n(?:.*\n)*the reason$/m,
  ],
  "one that lacks its output": [{ ...RUN, output: ["dist/main.cjs"] }, /dist\/main.cjs/],
  "one with the path of the folder in its output": [
    { ...RUN, build: [["sh", "-c", 'echo "// $PWD" > says.mjs']], output: ["says.mjs"] },
    /says.mjs has the path of the folder that it was built in/,
  ],
  "one that fails": [
    { ...RUN, files: { "says.mjs": 'throw new Error("2 features work not");\n' } },
    /It ended with 1\n(?:.*\n)*.*2 features work not/,
  ],
  "one that does nothing": [
    { ...RUN, files: { "says.mjs": "" } },
    /It has not run the program/,
  ],
};

Deno.test("embeddingPlaces() makes places that tell why they fail", async () => {
  const built = await Deno.makeTempDir();
  try {
    const manifest = '{ "name": "sysalloc", "version": "0.0.0" }\n';
    await Deno.writeTextFile(join(built, "package.json"), manifest);
    const embeddings = Object.entries(OUTCOMES).map(([name, [embedding]]): Embedding => ({
      ...embedding,
      name,
    }));
    const records = await runPlaces(embeddingPlaces(embeddings, built));
    assertEquals(records.map(({ place }) => place), Object.keys(OUTCOMES));
    for (const { place, outcome } of records) {
      const reason = "unavailable" in outcome
        ? `unavailable: ${outcome.unavailable}`
        : outcome.failures ?? `${outcome.passed} passed`;
      assertMatch(reason, OUTCOMES[place]![1]);
      const failed = "failed" in outcome ? outcome.failed : 0;
      assertEquals(failed, /^(1 passed|unavailable)/.test(reason) ? 0 : 1);
    }
  } finally {
    await Deno.remove(built, { recursive: true });
  }
});

Deno.test("no package to embed is a failure, and not unavailable", async () => {
  const embeddings: readonly Embedding[] = [{ ...RUN, name: "one", files: SAYS }];
  const [record] = await runPlaces(embeddingPlaces(embeddings, "/nowhere"));
  assertMatch((record!.outcome as Outcome).failures!, /npm pack .* ended with/);
});

Deno.test("each embedding has a name and pinned versions of its own", () => {
  const names = EMBEDDINGS.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  for (const { tools = {} } of EMBEDDINGS) {
    for (const version of Object.values(tools)) assertMatch(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/);
  }
  assertStringIncludes(names.join(), "esbuild-cjs");
});
