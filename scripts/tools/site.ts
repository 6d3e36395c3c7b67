/**
 * The built site, and a server that shows it as GitHub Pages does.
 *
 * @module
 */
import { extname, join } from "node:path";
import { SITE } from "./addresses.ts";
import { project } from "./cache.ts";

/** The folder of the built site. */
export const BUILT: string = join(project, ".cache/site");

/** The path below which the site is. */
export const BASE: string = new URL(SITE).pathname;

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

/** Serves the site on a port of this machine, 0 for a free one. Returns the server and the site's address. */
export function serveSite(
  port: number,
): { readonly server: Deno.HttpServer; readonly address: string } {
  const options = { hostname: "127.0.0.1", port, onListen: () => {} };
  const server = Deno.serve(options, async ({ url }) => {
    const file = fileOf(new URL(url).pathname);
    const found = file ?? join(BUILT, "404.html");
    const headers = { "content-type": TYPES[extname(found)] ?? "application/octet-stream" };
    return new Response(await Deno.readFile(found), { status: file ? 200 : 404, headers });
  });
  return { server, address: `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}${BASE}` };
}

/** The file that a path of the site leads to, if it is there. */
export function fileOf(path: string): string | undefined {
  if (!path.startsWith(BASE)) return;
  const file = join(BUILT, decodeURIComponent(path.slice(BASE.length)));
  return [file, `${file}.html`, join(file, "index.html")].find(isFile);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
