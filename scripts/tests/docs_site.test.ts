import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { look, startBrowser } from "../tools/docs/browser.ts";
import { deadLinks } from "../tools/docs/dead_links.ts";
import { serveSite } from "../tools/docs/site.ts";

/** Pages, and what is wrong with them. */
const PAGES: Readonly<Record<string, readonly [html: string, faults: readonly string[]]>> = {
  "good.html": [
    '<a href="good#here" id="here">it</a>',
    [],
  ],
  "error.html": ['<script>console.error("an error")</script>', ["an error"]],
  "thrown.html": ['<script>throw new Error("a reason")</script>', ["Error: a reason"]],
  "wide.html": ['<p style="width: 600px">wide', ["phone: it is 600 pixels wide"]],
  "foreign.html": ['<img src="http://127.0.0.1:1/a.png">', [
    "Failed to load resource: net::ERR_UNSAFE_PORT",
    "http://127.0.0.1:1/a.png fails",
    "http://127.0.0.1:1/a.png is of another host",
    "phone: the picture http://127.0.0.1:1/a.png is missing",
    "wide: the picture http://127.0.0.1:1/a.png is missing",
  ]],
};

/** Makes a site of pages, and removes it at the end. */
async function withSite(use: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, [html]] of Object.entries(PAGES)) {
      const head = '<link rel="icon" href="data:,"><style>body { margin: 0 }</style>';
      await Deno.writeTextFile(join(folder, name), `<!doctype html>${head}${html}`);
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("look() tells of errors, missing pictures, foreign requests and wide pages", () =>
  withSite(async (folder) => {
    const { server, address } = serveSite(0, folder);
    const browser = await startBrowser();
    try {
      for (const [name, [, faults]] of Object.entries(PAGES)) {
        const path = name.replace(".html", "");
        const found = await look(browser, address, [path]);
        assertEquals(found, faults.map((fault) => `${path}: ${fault}`));
      }
    } finally {
      await browser.close();
      await server.shutdown();
    }
  }));

Deno.test("deadLinks() finds files and anchors that are not there", () =>
  withSite((folder) => {
    const links = ["good", "good#here", "#here", "nowhere", "good#nowhere"];
    const html = links.map((link) => `<a href="${link}">`).join("");
    Deno.writeTextFileSync(join(folder, "links.html"), html);
    const dead = ["#here", "nowhere", "good#nowhere"];
    assertEquals(deadLinks(folder), dead.map((link) => `links.html has a dead link: ${link}`));
  }));
