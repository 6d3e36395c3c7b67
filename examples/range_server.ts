/**
 * Serves a file over HTTP with ranges, as for video players and download managers, from one
 * mapping: a request opens, seeks and closes nothing, and all requests share the pages in RAM.
 *
 * `deno run -A examples/range_server.ts [FILE]`, `bun examples/range_server.ts` or
 * `node examples/range_server.ts`. Without a file, it serves one of its own, and checks itself.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeStream } from "node:stream/web";
import { type Mmap, MmapOptions } from "../mod.ts";
import { inTempFolder } from "./temp_folder.ts";

const CHUNK = 2 ** 18;

type Handler = (request: Request) => Response;

/** Answers requests for the bytes of a mapping. */
function handlerOf(mmap: Mmap): Handler {
  return ({ method, headers }) => {
    if (method !== "GET" && method !== "HEAD") return new Response(null, { status: 405 });
    const total = mmap.byteLength;
    const range = rangeOf(headers.get("range"), total);
    if (range === "unsatisfiable") {
      return new Response(null, { status: 416, headers: { "content-range": `bytes */${total}` } });
    }
    const { start, end } = range ?? { start: 0, end: total };
    return new Response(method === "HEAD" ? null : streamOf(mmap, start, end), {
      status: range === undefined ? 200 : 206,
      headers: {
        "accept-ranges": "bytes",
        "content-length": String(end - start),
        "content-type": "application/octet-stream",
        ...(range && { "content-range": `bytes ${start}-${end - 1}/${total}` }),
      },
    });
  };
}

/** Parses `bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-COUNT`: RFC 9110, section 14. */
function rangeOf(header: string | null, total: number) {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (!first && !last) return undefined; // none, or several: answered by the whole file
  const start = first ? Number(first) : Math.max(0, total - Number(last));
  const end = first && last ? Math.min(Number(last) + 1, total) : total;
  if (first && last && Number(last) < start) return undefined; // not valid: it is ignored
  return start < total && start < end ? { start, end } : "unsatisfiable";
}

// #region stream
/**
 * Streams a range as fast as the client takes it. `read()` copies; if somebody has truncated the file
 * it throws, and the client sees that the answer is cut off.
 */
function streamOf(mmap: Mmap, start: number, end: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let position = start;
  return new ReadableStream({
    pull(controller) {
      const chunk = new Uint8Array(Math.min(CHUNK, end - position));
      mmap.read(chunk, position);
      position += chunk.length;
      controller.enqueue(chunk);
      if (position === end) controller.close();
    },
  }, { highWaterMark: 0 });
}
// #endregion stream

interface Server {
  readonly port: number;
  close(): unknown;
}

interface Runtimes {
  readonly Deno?: {
    serve(options: object, handler: Handler): { addr: { port: number }; shutdown(): unknown };
  };
  readonly Bun?: { serve(options: object): { port: number; stop(): unknown } };
}

/** Starts the server of the runtime at any free port. */
async function serve(fetch: Handler): Promise<Server> {
  const { Deno, Bun } = globalThis as Runtimes;
  const place = { port: 0, hostname: "127.0.0.1" };
  if (Deno) {
    const server = Deno.serve({ ...place, onListen() {} }, fetch);
    return { port: server.addr.port, close: () => server.shutdown() };
  }
  if (Bun) {
    const server = Bun.serve({ ...place, fetch });
    return { port: server.port, close: () => server.stop() };
  }
  const server = createServer(async ({ url, method, headers }, answer) => {
    const forwarded = new Headers(headers.range === undefined ? [] : [["range", headers.range]]);
    const request = new Request(`http://localhost${url}`, { method: method!, headers: forwarded });
    const { status, headers: answered, body } = fetch(request);
    answer.writeHead(status, Object.fromEntries(answered));
    if (body === null) answer.end();
    // It rejects if the client has gone, or the file was truncated; both end the connection.
    else await pipeline(Readable.fromWeb(body as NodeStream), answer).catch(() => {});
  });
  await new Promise<void>((resolve) => server.listen(0, place.hostname, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function check(url: string, content: Uint8Array): Promise<void> {
  const { length } = content;
  const expected:
    readonly (readonly [range: string, status: number, start: number, end: number])[] = [
      ["", 200, 0, length],
      ["bytes=0-0", 206, 0, 1],
      ["bytes=1000-299999", 206, 1000, 300_000],
      ["bytes=900000-", 206, 900_000, length],
      ["bytes=-5", 206, length - 5, length],
      [`bytes=5-${2 * length}`, 206, 5, length],
      [`bytes=${length}-`, 416, 0, 0],
      ["bytes=-0", 416, 0, 0],
      ["bytes=7-5", 200, 0, length],
    ];
  await Promise.all(expected.map(async ([range, status, start, end]) => {
    const answer = await fetch(url, { headers: range === "" ? {} : { range } });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    strictEqual(answer.status, status, range);
    deepStrictEqual(bytes, content.subarray(start, end));
    const shown = status === 206 ? `bytes ${start}-${end - 1}/${length}` : `bytes */${length}`;
    strictEqual(answer.headers.get("content-range"), status === 200 ? null : shown);
  }));
  const head = await fetch(url, { method: "HEAD" });
  deepStrictEqual([head.status, head.headers.get("content-length")], [200, String(length)]);
  console.log(`${expected.length} ranges of ${length} bytes were served and checked`);
}

const [file] = process.argv.slice(2);
if (file !== undefined) {
  const { port } = await serve(handlerOf(new MmapOptions().map(file)));
  console.log(`http://127.0.0.1:${port}`);
} else {
  await inTempFolder(async (folder) => {
    const content = Uint8Array.from({ length: 1_000_000 }, (_, index) => index * index >> 3);
    const path = join(folder, "content");
    writeFileSync(path, content);
    const mmap = new MmapOptions().map(path);
    const server = await serve(handlerOf(mmap));
    await check(`http://127.0.0.1:${server.port}`, content);
    await server.close();
    mmap.unmap();
  });
}
