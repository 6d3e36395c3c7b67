/**
 * The built site, and a server that shows it as GitHub Pages does.
 *
 * @module
 */
import { extname, join, relative } from "node:path";
import { SITE } from "../addresses.ts";
import { project } from "../cache.ts";

/** The folder of the built site. */
export const BUILT: string = join(project, ".cache/site");

/** The path below which the site is. */
const BASE = new URL(SITE).pathname;

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".woff2": "font/woff2",
};

/** Serves a site on a port of this machine, 0 for a free one. Returns its address there. */
export function serveSite(
  port: number,
  folder: string = BUILT,
): { readonly server: Deno.HttpServer<Deno.NetAddr>; readonly address: string } {
  const options = { hostname: "127.0.0.1", port, onListen: () => {} };
  const server = Deno.serve(options, async ({ url }) => {
    const file = fileOf(new URL(url).pathname, folder);
    const found = file ?? join(folder, "404.html");
    const headers = { "content-type": TYPES[extname(found)] ?? "application/octet-stream" };
    return new Response(await Deno.readFile(found), { status: file ? 200 : 404, headers });
  });
  return { server, address: `http://127.0.0.1:${server.addr.port}${BASE}` };
}

/** The file that the path of an address leads to, if it is there. */
export function fileOf(path: string, folder: string = BUILT): string | undefined {
  if (!path.startsWith(BASE)) return;
  const file = join(folder, decodeURIComponent(path.slice(BASE.length)));
  return [file, `${file}.html`, join(file, "index.html")].find(isFile);
}

/** The paths of all HTML files, from the folder of the site. */
export function htmlFiles(folder: string = BUILT): string[] {
  const files: string[] = [];
  const visit = (path: string): void => {
    for (const { name, isDirectory } of Deno.readDirSync(path)) {
      if (isDirectory) visit(join(path, name));
      else if (name.endsWith(".html")) files.push(relative(folder, join(path, name)));
    }
  };
  visit(folder);
  return files.sort();
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
