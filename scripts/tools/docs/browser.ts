/**
 * Opens pages in a browser, and looks for faults that a reader would see.
 *
 * @module
 */
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { output } from "../processes.ts";
import { sideBySide } from "../side_by_side.ts";

const PROGRAMS = ["chromium-headless-shell", "chromium", "google-chrome"];
const WIDTHS = { wide: 1280, phone: 390 };
const SCHEMES = ["light", "dark"] as const;

/** Starts a browser of this machine; Debian's is installed by apt-get where there is none. */
export async function startBrowser(): Promise<Browser> {
  let executablePath = await installed();
  if (executablePath === undefined) {
    console.log("Installing chromium-headless-shell (apt-get)");
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await output(["apt-get", "update", "-qq"], { env });
    await output(["apt-get", "install", "-qq", "--no-install-recommends", PROGRAMS[0]!], { env });
    executablePath = await installed();
  }
  if (executablePath === undefined) {
    throw new Error(`A browser is missing: ${PROGRAMS.join(" or ")}`);
  }
  return await chromium.launch({ executablePath });
}

async function installed(): Promise<string | undefined> {
  for (const program of PROGRAMS) {
    const { code, stdout } = await output(["sh", "-c", `command -v ${program}`]);
    if (code === 0) return stdout.trim();
  }
}

/** Opens pages below `address`, light and dark, wide and on a phone. Returns what is wrong with them. */
export async function look(
  browser: Browser,
  address: string,
  paths: readonly string[],
  screenshots?: string,
): Promise<string[]> {
  const faults: string[] = [];
  const context = await browser.newContext(); // one, for its cache
  await sideBySide(paths, async (path) => {
    const page = await context.newPage();
    const tell = (fault: string) => faults.push(`${path}: ${fault}`);
    reportErrors(page, address, tell);
    await page.goto(address + path, { waitUntil: "networkidle" });
    for (const [name, width] of Object.entries(WIDTHS)) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme });
        for (const fault of await page.evaluate(visibleFaults, width)) tell(`${name}: ${fault}`);
        if (screenshots === undefined) continue;
        const file = `${path.replace(/\W+/g, "_")}_${name}_${colorScheme}.png`;
        await page.screenshot({ path: join(screenshots, file), fullPage: true });
      }
    }
    await page.close();
  });
  await context.close();
  return Array.from(new Set(faults)).sort();
}

function reportErrors(page: Page, address: string, tell: (fault: string) => void): void {
  page.on("console", (message) => message.type() === "error" && tell(message.text()));
  page.on("pageerror", (error) => tell(String(error)));
  page.on("requestfailed", (request) => tell(`${request.url()} fails`));
  page.on("request", (request) => {
    if (!request.url().startsWith(address)) tell(`${request.url()} is of another host`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) tell(`${response.url()} answers ${response.status()}`);
  });
}

/** Runs in the page. */
function visibleFaults(width: number): string[] {
  const { document } = globalThis as unknown as { readonly document: Document };
  const pictures = Array.from(document.images).filter((image) => image.naturalWidth === 0)
    .map((image) => `the picture ${image.src} is missing`);
  const { scrollWidth } = document.documentElement;
  return scrollWidth > width ? [...pictures, `it is ${scrollWidth} pixels wide`] : pictures;
}

/** The parts of the page's globals that are looked at: Deno's types have none. */
interface Document {
  readonly images: Iterable<{ readonly naturalWidth: number; readonly src: string }>;
  readonly documentElement: { readonly scrollWidth: number };
}

/** Searches the site as a reader would. Returns what is wrong with that. */
export async function search(browser: Browser, address: string, word: string): Promise<string[]> {
  const page = await browser.newPage();
  const faults: string[] = [];
  reportErrors(page, address, (fault) => faults.push(`search: ${fault}`));
  await page.goto(address);
  await page.getByRole("button", { name: "Search" }).first().click();
  await page.getByRole("searchbox").fill(word);
  await page.locator(".result").first().waitFor({ timeout: 10_000 })
    .catch(() => faults.push(`search: nothing is found for '${word}'`));
  await page.close();
  return faults;
}
