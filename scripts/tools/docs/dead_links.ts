/**
 * Dead links within the built site: of its pages, and of those of the API.
 *
 * @module
 */
import { join } from "node:path";
import { SITE } from "../addresses.ts";
import { BUILT, fileOf, htmlFiles } from "./site.ts";

const LINK = / (?:href|src)="([^"]+)"/g;
const ANCHOR = / id="([^"]+)"/g;

/** The dead links of a built site, each with its page. Of the API, whose own anchors fail, the files count. */
export function deadLinks(folder: string = BUILT): string[] {
  const files = htmlFiles(folder);
  const html = new Map(files.map((file) => {
    const path = join(folder, file);
    return [path, Deno.readTextFileSync(path)];
  }));
  const anchors = new Map(
    Array.from(html, ([path, text]) => [path, new Set(values(ANCHOR, text))]),
  );
  const isDead = (page: string, link: string): boolean => {
    const { origin, pathname, hash } = new URL(link, SITE + page);
    if (origin !== new URL(SITE).origin) return false;
    const target = fileOf(pathname, folder);
    if (target === undefined) return true;
    const anchor = decodeURIComponent(hash.slice(1));
    return anchor !== "" && !page.startsWith("api/") && anchors.get(target)?.has(anchor) === false;
  };
  return files.flatMap((file) => {
    const links = new Set(values(LINK, html.get(join(folder, file))!));
    return Array.from(links).filter((link) => isDead(file, link))
      .map((link) => `${file} has a dead link: ${link}`);
  });
}

function values(attribute: RegExp, html: string): string[] {
  return Array.from(
    html.matchAll(attribute),
    ([, value]) => value!.replaceAll("&amp;", "&").replaceAll("&#x2F;", "/"),
  );
}
