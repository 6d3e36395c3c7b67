/**
 * Where the project is published.
 *
 * @module
 */

/** The repository. */
export const REPOSITORY = "https://github.com/sysalloc/sysalloc";
/** The site that is built from `docs/`. */
export const SITE = "https://sysalloc.github.io/sysalloc/";

/** The paths of links to other files in Markdown, and of its pictures in HTML. */
export const RELATIVE_LINK: RegExp =
  /(?<=\]\()[^)#:/][^)#:]*(?=[)#])|(?<= src(?:set)?=")[^":/][^":]*(?=")/g;

/** The address of a file of the repository: of its page if it has one, or else of its source. */
export function addressOf(file: string): string {
  const page = /^docs\/(.+)\.md(#.*)?$/.exec(file);
  if (page) return SITE + page[1]!.replace(/(^|\/)index$/, "$1") + (page[2] ?? "");
  return `${REPOSITORY}/${/\.(svg|png)$/.test(file) ? "raw" : "blob"}/main/${file}`;
}
