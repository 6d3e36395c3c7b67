/**
 * Opens each page of the built site in a browser. scripts/docs.ts comes first.
 *
 * @module
 */
import { readArguments } from "./tools/arguments.ts";
import { look, search, startBrowser } from "./tools/docs/browser.ts";
import { deadLinks } from "./tools/docs/dead_links.ts";
import { htmlFiles, serveSite } from "./tools/docs/site.ts";

const { values } = readArguments({
  usage: `Usage: npm run test:site [-- --screenshots FOLDER]

Opens each page of the site that npm run docs has built, in Chromium, light and dark,
1280 and 390 pixels wide. Finds errors, missing pictures, requests that fail or leave
the site, pages that are too wide, and dead links, those in the API included.

Options:
      --screenshots FOLDER  write pictures of the pages there
  -h, --help                print this`,
  options: { screenshots: { type: "string" } },
});
/** The number of faults that are printed. */
const MOST = 40;

if (values.screenshots) await Deno.mkdir(values.screenshots, { recursive: true });

const faults = deadLinks();
// Of the API, the pages of symbols are alike: their links are enough.
const paths = htmlFiles().filter((file) => file !== "404.html" && !file.startsWith("api/~/"))
  .map((file) => file.replace(/(?:(^|\/)index)?\.html$/, "$1"));
const { server, address } = serveSite(0);
const browser = await startBrowser();
try {
  faults.push(...await look(browser, address, paths, values.screenshots));
  faults.push(...await search(browser, address, "mapAnon"));
} finally {
  await browser.close();
  await server.shutdown();
}
for (const fault of faults.slice(0, MOST)) console.error(fault);
if (faults.length > MOST) console.error(`… and ${faults.length - MOST} more`);
console.log(`site: ${paths.length} pages, ${faults.length} faults`);
Deno.exitCode = faults.length === 0 ? 0 : 1;
