import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "node:path";
import { examplesIn } from "../tools/docs/examples.ts";
import { programsIn } from "../tools/docs/programs.ts";
import { tryExamples } from "../tools/docs/running.ts";
import { regionOf } from "../tools/docs/snippets.ts";

const PACKAGE = {
  "package.json": '{ "name": "sysalloc", "type": "module", "exports": "./main.js" }',
  "main.js": "export const pageSize = () => 4096;\n",
  "main.d.ts": "export declare function pageSize(): number;\n",
};

/** A page of blocks, the first of which begins in line 2. */
const page = (...blocks: readonly string[]) => blocks.map((block) => `\`\`\`${block}\n\`\`\`\n`);
const IMPORT = 'import { pageSize } from "sysalloc";';

/** Tries the examples of a page, in a folder that has a package. */
async function faultsOf(...blocks: readonly string[]): Promise<readonly string[]> {
  const folder = await Deno.makeTempDir();
  try {
    const modules = join(folder, "node_modules/sysalloc");
    await Deno.mkdir(modules, { recursive: true });
    await Deno.writeTextFile(join(folder, "package.json"), '{ "type": "module" }');
    for (const [name, text] of Object.entries(PACKAGE)) {
      await Deno.writeTextFile(join(modules, name), text);
    }
    return await tryExamples(examplesIn("page.md", page(...blocks).join("")), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("tryExamples() finds nothing wrong with examples that do as they show", async () => {
  assertEquals(
    await faultsOf(
      `ts\n${IMPORT}\nconst size: number = pageSize();\nconsole.log(size); // 4096`,
      "ts\nconsole.log({\n  a: ['b'],\n  at: performance.now(),\n}); // { a: [ \"b\" ], at: … }",
      "ts\nfor (const i of [1, 2]) console.log(i); // 1 2",
      "ts using\nusing nothing = null;",
      "ts deno\nconsole.log(Deno.build.os.length > 0); // true",
      'ts [main.ts]\nimport { one } from "./part.ts";\nconsole.log(one); // 1',
      "ts [part.ts]\nexport const one = 1;",
      "js\nthis is none",
    ),
    [],
  );
});

Deno.test("tryExamples() tells of wrong output, of what is thrown, and of wrong types", async () => {
  const faults = await faultsOf(
    "ts node26\nconsole.log(1); // 2",
    'ts node26\nthrow new Error("a reason");',
    `ts node26\n${IMPORT}\nconst size: string = pageSize();\nvoid size;`,
  );
  assertEquals(faults.length, 3);
  assertMatch(faults[0]!, /^types:\npage.md\/7.ts\(9,7\): error TS2322: .*'number'.*'string'/);
  assertEquals(faults[1], "node26: page.md/1.ts prints\n1\nand shows\n2");
  assertMatch(faults[2]!, /^node26: page.md\/4.ts threw Error: a reason\n.*page.md\/4.ts:5:7/);
});

Deno.test("tryExamples() tells which example ends the process", async () => {
  const blocks = ["ts node26\nimport 'node:fs';", "ts node26\nprocess.exit(3);"];
  assertEquals(await faultsOf(...blocks), ["node26: page.md/4.ts ended the process with 3\n"]);
});

Deno.test("examplesIn() takes no block out without a reason", () => {
  const reasoned = "<!-- no-run: a reason -->\n\n```ts no-run\n```\n";
  assertEquals(examplesIn("page.md", reasoned)[0]?.reason, "a reason");
  for (const block of ["ts no-run", "ts norun", "ts\nconsole.log(1);"]) {
    assertThrows(() => examplesIn("page.md", page(block).join("")), Error, "page.md/1.ts: ");
  }
});

Deno.test("regionOf() gives the lines of a region, and throws when there is none", () => {
  const text = "a\n  // #region x\n  b\n    c\n  // #endregion x\n";
  assertEquals(regionOf(text, "a.ts", "x"), "b\n  c\n");
  assertEquals(regionOf(text, "a.ts", undefined), text);
  assertThrows(() => regionOf(text, "a.ts", "y"), Error, "a.ts has no region y");
});

Deno.test("programsIn() names the programs that a page includes", () => {
  assertEquals(programsIn("# A\n\n<<< ../../examples/a.ts#x\n\n<<< ../../examples/b.ts\n"), [
    "a",
    "b",
  ]);
});
