/**
 * The pages as plain text, for language models: https://llmstxt.org.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { addressOf, RELATIVE_LINK, SITE } from "../../scripts/tools/addresses.ts";
import { regionOf, SNIPPET } from "../../scripts/tools/docs/snippets.ts";

const ROOT = join(import.meta.dirname!, "../..");

interface Group {
  readonly text: string;
  readonly items: readonly {
    readonly text: string;
    readonly link: string;
    readonly sentence: string;
  }[];
}

/** Writes `llms.txt`, the index, and `llms-full.txt`, which has all pages. */
export function writeTexts(
  srcDir: string,
  outDir: string,
  description: string,
  groups: readonly Group[],
): void {
  const title = `# sysalloc\n\n> ${description}\n`;
  const index = groups.map(({ text, items }) =>
    `## ${text}\n\n${
      items.map(({ text, link, sentence }) => `- [${text}](${SITE}${link.slice(1)}): ${sentence}\n`)
        .join("")
    }`
  );
  const api = `## API\n\n- [API](${SITE}api/): Each symbol, with its errors and examples.\n`;
  const pages = ["/index", ...groups.flatMap(({ items }) => items.map(({ link }) => link))];
  const texts = pages.map((link) => textOf(join(srcDir, `${link}.md`)));
  writeFileSync(join(outDir, "llms.txt"), [title, ...index, api].join("\n"));
  writeFileSync(join(outDir, "llms-full.txt"), [title, ...texts].join("\n"));
}

/** The text of a page, with the files that it includes. */
function textOf(file: string): string {
  const beside = (path: string) => join(dirname(file), path);
  const address = (link: string) => addressOf(relative(ROOT, beside(link)));
  return readFileSync(file, "utf8")
    .replace(/^---\n[^]*?\n---\n/, "")
    .replace(RELATIVE_LINK, address)
    .replace(/<!--@include: (\S+?)-->/g, (_, path) => textOf(beside(path)))
    .replace(SNIPPET, (_, path, region) => {
      const code = regionOf(readFileSync(beside(path), "utf8"), path, region);
      return `\`\`\`ts\n${code}\`\`\``;
    })
    .replaceAll('"../mod.ts"', '"sysalloc"');
}
