/**
 * Links between files of the repository, which work in the sources and on the site.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import type { MarkdownRenderer } from "vitepress";
import { addressOf } from "../../scripts/tools/addresses.ts";

const ROOT = join(import.meta.dirname!, "../..");

/** Pages that are made of another file of the repository. */
export const INCLUDED: Readonly<Record<string, string>> = {
  "recipes/examples.md": "examples/README.md",
  "internals/architecture.md": "ARCHITECTURE.md",
  "internals/benchmarks.md": "bench/README.md",
  "internals/results.md": "bench/results.md",
};
const PAGES = new Map(Object.entries(INCLUDED).map(([page, file]) => [file, `docs/${page}`]));

/** Makes each relative link and picture lead to its page, or else to the file on GitHub. */
export function repositoryLinks(md: MarkdownRenderer): void {
  md.core.ruler.push("repository_links", ({ tokens, env }) => {
    const page: string = env.relativePath;
    for (const token of tokens.filter(({ type }) => type === "html_block")) {
      token.content = token.content.replace(
        /(?<= (?:src|srcset)=")[^"]+(?=")/g,
        (target) => addressIn(page, target, true),
      );
    }
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const name = token.type === "link_open" ? "href" : token.type === "image" ? "src" : undefined;
      const target = name && token.attrGet(name);
      if (target?.startsWith("/api/")) token.attrSet("target", "_self"); // not of VitePress
      if (target) token.attrSet(name!, addressIn(page, target, name === "src"));
    }
  });
}

/** The address of a link or a picture on a page of the site. */
function addressIn(page: string, target: string, isPicture: boolean): string {
  if (/^(\/|#|[a-z]+:)/.test(target)) return target;
  const source = INCLUDED[page] ?? `docs/${page}`;
  const [, path = "", anchor = ""] = /^([^#]*)(.*)$/.exec(target)!;
  const file = posix.join(posix.dirname(source), path);
  if (!existsSync(join(ROOT, file))) {
    throw new Error(`${source} links to ${file}, which is not there`);
  }
  const owner = PAGES.get(file) ?? file;
  const inPage = isPicture || owner.startsWith("docs/");
  const address = inPage ? relative(posix.dirname(`docs/${page}`), owner) : addressOf(file);
  return address + anchor;
}

function relative(from: string, to: string): string {
  const path = posix.relative(from, to);
  return path.startsWith(".") ? path : `./${path}`;
}
