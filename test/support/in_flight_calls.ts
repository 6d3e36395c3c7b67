/**
 * The runtimes' own asynchronous calls, each started on a view. Some copy it
 * first, some read it or store to it from another thread until they settle.
 *
 * @module
 */
import * as crypto from "node:crypto";
import { createWriteStream, writeFileSync } from "node:fs";
import { appendFile, open, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import * as zlib from "node:zlib";
import { isAtLeast, type Versions } from "../../ffi/runtime/versions.ts";
import { sourceUrl } from "./harness.ts";
import { rounds } from "./rounds.ts";

/** The length of most views, in bytes. */
export const LENGTH: number = rounds("inFlightMebibytes") * 2 ** 20;

/** A view of all of a mapping. */
type Bytes = Uint8Array<ArrayBuffer>;

/** One call. */
export interface InFlightCall {
  /**
   * Readies what it needs, in a folder that is empty. A promise `inFlight` in
   * what it comes to tells when a call is in flight that is not at once.
   */
  readonly prepare?: (folder: string, bytes: Bytes) => Promise<unknown> | unknown;
  /** Starts it; the result settles when it is over. Gets what `prepare` came to. */
  // No function that outlives it may have the view in scope: see children/in_flight.ts.
  // deno-lint-ignore no-explicit-any -- what each prepares for itself
  readonly start: (bytes: Bytes, folder: string, prepared: any) => Promise<unknown>;
  /** Ends what `prepare` started. */
  // deno-lint-ignore no-explicit-any -- as above
  readonly end?: (prepared: any) => Promise<unknown> | unknown;
  /** The length of the view in bytes. Default: {@linkcode LENGTH}. */
  readonly byteLength?: number;
  /** The time to wait for it, if it may never settle. */
  readonly patienceMs?: number;
  /** Whether it stores to the view while it runs. Default: `false`. */
  readonly stores?: boolean;
  /** The reason why this runtime must not make it. */
  readonly skip?: string | undefined;
}

interface File {
  read(bytes: Bytes): Promise<number | null>;
  write(bytes: Bytes): Promise<number>;
  close(): void;
}

interface Globals {
  readonly Deno?: {
    open(path: string, options: object): Promise<File>;
    writeFile(path: string, bytes: Bytes): Promise<void>;
  };
  readonly Bun?: { write(path: string, bytes: Bytes): Promise<number> };
}

const { Deno, Bun } = globalThis as Globals;
const versions: Versions = process.versions;

/**
 * zlib of Bun before 1.3.11 and of older Node.js (first mended in 22.23.2,
 * 24.18.1 and 26.5.1) ends the process when a buffer that it compresses is
 * detached, by whatever means: `structuredClone()` with `transfer` does it too.
 */
function zlibDies(): boolean {
  const { bun, deno, node = "" } = versions;
  if (deno !== undefined) return false;
  if (bun !== undefined) return !isAtLeast(bun, "1.3.11");
  const mended = { 22: "22.23.2", 24: "24.18.1" }[Number.parseInt(node)] ?? "26.5.1";
  return !isAtLeast(node, mended);
}

const unlessMended = zlibDies() ? "zlib of this version dies of detached buffers" : undefined;
const unlessKept = isAtLeast(versions["bun"] ?? "1.4", "1.4")
  ? undefined
  : "Bun before 1.4 does not keep the buffer of this call";
const unlessDeno = Deno ? undefined : "it is Deno's";
const unlessBun = Bun ? undefined : "it is Bun's";
const zstd = (zlib as { zstdCompress?: unknown }).zstdCompress as
  | ((bytes: Bytes, callback: (error: Error | null) => void) => void)
  | undefined;

const target = (folder: string): string => join(folder, "target");
const openTarget = (folder: string) => open(target(folder), "w+");

/** A stream that has been given everything and has ended. */
function finished(stream: NodeJS.WritableStream & { end(bytes: Bytes): unknown }, bytes: Bytes) {
  return new Promise((resolve, reject) => {
    stream.on("error", reject);
    stream.on("finish", resolve);
    stream.end(bytes);
  });
}

/** A server that reads all that comes, and answers with `body` if it is asked by HTTP. */
async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const close = ({ server }: { server: { close(): unknown } }) => void server.close();

const readAll = (response: Response) => response.arrayBuffer();

/** Reads a stream to its end. */
async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

/** One for all rounds: to end one takes Deno 5 s. */
let echo: Worker | undefined;

/** The calls, by their names. */
export const IN_FLIGHT_CALLS: Readonly<Record<string, InFlightCall>> = {
  "FileHandle.read()": {
    prepare(folder, bytes) {
      writeFileSync(target(folder), bytes);
      return open(target(folder), "r");
    },
    start: (bytes, _folder, file) => file.read(bytes, 0, bytes.length, 0),
    stores: true,
    end: (file) => file.close(),
  },
  "FileHandle.write()": {
    prepare: openTarget,
    start: (bytes, _folder, file) => file.write(bytes, 0, bytes.length, 0),
    end: (file) => file.close(),
  },
  "FileHandle.writev()": {
    prepare: openTarget,
    start: (bytes, _folder, file) => file.writev([bytes.subarray(0, 5), bytes.subarray(5)], 0),
    end: (file) => file.close(),
    skip: isAtLeast(versions.deno ?? "2.1.6", "2.1.6") ? undefined : "this version has none",
  },
  "fs.writeFile()": {
    start: (bytes, folder) => writeFile(target(folder), bytes),
    skip: unlessKept,
  },
  "fs.appendFile()": {
    start: (bytes, folder) => appendFile(target(folder), bytes),
    skip: unlessKept,
  },
  "fs.createWriteStream()": {
    start: (bytes, folder) => finished(createWriteStream(target(folder)), bytes),
    patienceMs: 300, // Bun and Node.js write nothing of it, for ever
    skip: unlessKept,
  },
  "zlib.gzip()": {
    start: (bytes) => promisify(zlib.gzip)(bytes, { level: 1 }),
    skip: unlessMended,
  },
  "zlib.deflateRaw()": {
    start: (bytes) => promisify(zlib.deflateRaw)(bytes, { level: 1 }),
    skip: unlessMended,
  },
  "zlib.brotliCompress()": {
    start: (bytes) =>
      promisify(zlib.brotliCompress)(bytes, {
        params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 },
      }),
  },
  "zlib.zstdCompress()": {
    start: (bytes) => promisify(zstd!)(bytes),
    skip: zstd ? undefined : "this version has none",
  },
  "zlib.gunzip()": {
    prepare: (_folder, bytes) =>
      bytes.set(zlib.gzipSync(new Uint8Array(bytes.length), { level: 1 })),
    start: (bytes) => promisify(zlib.gunzip)(bytes),
    skip: unlessMended,
  },
  "zlib.createGzip()": {
    start(bytes) {
      const stream = zlib.createGzip({ level: 1 });
      return Promise.all([finished(stream, bytes), drain(stream)]);
    },
    skip: unlessMended,
  },
  CompressionStream: {
    start(bytes) {
      const { readable, writable } = new CompressionStream("gzip");
      const writer = writable.getWriter();
      return Promise.all([
        writer.write(bytes).then(() => writer.close()),
        new Response(readable).arrayBuffer(),
      ]);
    },
    skip: typeof CompressionStream === "function" ? unlessMended : "this version has none",
  },
  "crypto.subtle.digest()": { start: (bytes) => crypto.webcrypto.subtle.digest("SHA-256", bytes) },
  "crypto.subtle.encrypt()": {
    prepare: () =>
      crypto.webcrypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, false, ["encrypt"]),
    start: (bytes, _folder, key) =>
      crypto.webcrypto.subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, bytes),
  },
  "crypto.subtle.sign()": {
    prepare: () =>
      crypto.webcrypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
    start: (bytes, _folder, key) => crypto.webcrypto.subtle.sign("HMAC", key, bytes),
  },
  "crypto.pbkdf2()": {
    start: (bytes) => promisify(crypto.pbkdf2)(bytes, "salt", 1, 32, "sha256"),
    skip: unlessKept,
  },
  "crypto.scrypt()": {
    start: (bytes) => promisify(crypto.scrypt)(bytes, "salt", 32),
    skip: unlessKept,
  },
  "crypto.randomFill()": {
    start: (bytes) => promisify(crypto.randomFill)(bytes),
    stores: true,
  },
  "net.Socket.write()": {
    async prepare() {
      const strange = new Set<number>();
      const server = createServer({ pauseOnConnect: true }, (socket) => {
        socket.on("error", () => {}).on("data", (data: Uint8Array) => {
          for (const byte of data) if (byte !== 0 && byte !== 7) strange.add(byte);
        });
        // By then garbage was collected, and other mappings were made.
        setTimeout(() => socket.resume(), 150);
      });
      const socket = connect(await listen(server), "127.0.0.1");
      await new Promise((resolve) => socket.once("connect", resolve));
      return { server, strange, socket };
    },
    start: (bytes, _folder, { socket }) => finished(socket, bytes),
    end({ server, strange }) {
      server.close();
      if (strange.size > 0) throw new Error(`It sent ${[...strange]} of other mappings`);
    },
  },
  "fetch() with a body": {
    async prepare() {
      const server = createHttpServer((request, response) => {
        request.on("error", () => {}).on("end", () => response.end("read")).resume();
      });
      return { server, port: await listen(server) };
    },
    start: (bytes, _folder, { port }) =>
      fetch(`http://127.0.0.1:${port}`, { method: "POST", body: bytes }).then(readAll),
    end: close,
  },
  "http.ServerResponse.end()": {
    async prepare(_folder, bytes) {
      let answered = () => {};
      const inFlight = new Promise<void>((resolve) => answered = resolve);
      const bodies = [bytes];
      const server = createHttpServer((_request, response) => {
        response.on("error", () => {}).end(bodies.pop());
        answered();
      });
      return { server, inFlight, port: await listen(server) };
    },
    start: (_bytes, _folder, { port }) => fetch(`http://127.0.0.1:${port}`).then(readAll),
    end: close,
  },
  "new Response().arrayBuffer()": { start: (bytes) => new Response(bytes).arrayBuffer() },
  "new Blob().arrayBuffer()": { start: (bytes) => new Blob([bytes]).arrayBuffer() },
  "ReadableStream, read as text": {
    start: (bytes) =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(bytes);
            controller.close();
          },
        }),
      ).text(),
  },
  "Worker.postMessage()": {
    prepare: () => echo ??= new Worker(sourceUrl("../children/echo_worker.ts")),
    byteLength: Deno ? 2 ** 20 : LENGTH, // Deno takes 6 s to clone 32 MiB
    start: (bytes, _folder, worker) =>
      new Promise((resolve, reject) => {
        worker.once("message", resolve).once("error", reject);
        worker.postMessage(bytes);
      }),
  },
  "WebAssembly.compile()": { start: (bytes) => WebAssembly.compile(bytes) },
  "Deno.writeFile()": {
    start: (bytes, folder) => Deno!.writeFile(target(folder), bytes),
    skip: unlessDeno,
  },
  "Deno.FsFile.read()": {
    prepare(folder, bytes) {
      writeFileSync(target(folder), bytes);
      return Deno!.open(target(folder), { read: true });
    },
    start: (bytes, _folder, file) => file.read(bytes),
    stores: true,
    end: (file) => file.close(),
    skip: unlessDeno,
  },
  "Deno.FsFile.write()": {
    prepare: (folder) => Deno!.open(target(folder), { write: true, create: true }),
    start: (bytes, _folder, file) => file.write(bytes),
    end: (file) => file.close(),
    skip: unlessDeno,
  },
  "Bun.write()": {
    start: (bytes, folder) => Bun!.write(target(folder), bytes),
    skip: unlessBun,
  },
};
