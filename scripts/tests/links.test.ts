/**
 * Links of the texts outside of `docs/`, which VitePress checks.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { EXAMPLES } from "../../test/support/example_programs.ts";
import { addressOf, RELATIVE_LINK, REPOSITORY, SITE } from "../tools/addresses.ts";
import { output } from "../tools/processes.ts";

const ROOT = join(import.meta.dirname!, "../..");

Deno.test("each relative link leads to a file", async () => {
  const { stdout } = await output(["git", "ls-files", "*.md"], { cwd: ROOT });
  const files = stdout.trim().split("\n").filter((file) => existsSync(join(ROOT, file)));
  const dead = files.flatMap((file) => {
    const text = Deno.readTextFileSync(join(ROOT, file));
    const links = Array.from(text.matchAll(RELATIVE_LINK), ([link]) => link);
    return links.filter((link) => !existsSync(join(ROOT, dirname(file), link)))
      .map((link) => `${file}: ${link}`);
  });
  assertEquals(dead, []);
});

Deno.test("the index of examples/ lists each program that the suite runs", () => {
  const index = Deno.readTextFileSync(join(ROOT, "examples/README.md"));
  const missing = Object.keys(EXAMPLES).filter((name) => !index.includes(`(${name}.ts)`));
  assertEquals(missing, []);
});

Deno.test("the links of Markdown and the pictures of HTML are found, except whole addresses", () => {
  const text =
    '[a](a.md) [b](https://b.md) <source srcset="c.svg"><img src="d.svg"><img src="https://e">';
  assertEquals(text.match(RELATIVE_LINK), ["a.md", "c.svg", "d.svg"]);
});

Deno.test("addressOf() leads to a page of the site, or else to a file on GitHub", () => {
  assertEquals(
    ["docs/index.md", "docs/guide/testing.md", "CONTRIBUTING.md", "bench/grow.svg"].map(addressOf),
    [
      SITE,
      `${SITE}guide/testing`,
      `${REPOSITORY}/blob/main/CONTRIBUTING.md`,
      `${REPOSITORY}/raw/main/bench/grow.svg`,
    ],
  );
});
