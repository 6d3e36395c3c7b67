/**
 * A server of parts of a file by HTTP, which a client in another process asks for at random.
 *
 * @module
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { createReadStream, openSync, read, readSync } from "node:fs";
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { MmapOptions } from "../../../mod.ts";
import { PAGE, Random } from "../common.ts";
import { serveJob, type Way } from "./job.ts";

const RANGE = 64 * 1024;
const CONNECTIONS = 4;

/** The order to the client. */
interface Order {
  readonly port: number;
  readonly size: number;
  readonly requests: number;
}

/** The client's answer: the time below which 99 of 100 requests took, in nanoseconds. */
interface Outcome {
  readonly sum: number;
  readonly p99: number;
}

/** Answers a request with the bytes from a place on. */
type Answer = (response: ServerResponse, start: number) => void;

/** The place in `Range: bytes=START-END`. */
function startOf({ headers }: Pick<IncomingMessage, "headers">): number {
  return Number(/^bytes=(\d+)/.exec(headers.range!)![1]);
}

const HEADERS = { "Content-Length": RANGE };

const serving = (open: (path: string) => Answer): Way => async ({ path, size, operations }) => {
  const answer = open(path);
  const server = createServer((request, response) => {
    response.writeHead(206, HEADERS);
    answer(response, startOf(request));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return await asked({ port, size, requests: operations }, () => server.closeAllConnections());
};

/** Has the client ask; its own time does not count as the server's. */
async function asked(order: Order, close: () => void): Promise<Awaited<ReturnType<Way>>> {
  const client = fork(fileURLToPath(import.meta.url), ["client"]);
  await once(client, "message"); // it is there
  let p99 = 0;
  return {
    async run() {
      client.send(order);
      const [outcome] = await once(client, "message") as [Outcome];
      p99 = outcome.p99;
      return outcome.sum;
    },
    measures: () => ({ p99 }),
    end() {
      client.kill();
      close();
    },
  };
}

/** Asks for ranges, over so many connections at a time. */
async function ask({ port, size, requests }: Order): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const places = new Random();
  const times: number[] = [];
  let [begun, sum] = [0, 0];
  const one = async () => {
    const start = PAGE * places.next((size - RANGE) / PAGE);
    const headers = { Range: `bytes=${start}-${start + RANGE - 1}` };
    const before = performance.now();
    const [response] = await once(get({ agent, port, headers }), "response") as [IncomingMessage];
    let last = 0;
    for await (const chunk of response) last = (chunk as Uint8Array).at(-1)!;
    times.push(1e6 * (performance.now() - before));
    sum += last;
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    while (begun++ < requests) await one();
  }));
  agent.destroy();
  return { sum, p99: times.sort((a, b) => a - b)[Math.floor(0.99 * times.length)]! };
}

/** The part of `Bun` that is used here. */
interface BunServer {
  file(path: string): { slice(start: number, end: number): Blob };
  serve(options: {
    port: number;
    hostname: string;
    fetch: (request: Request) => Response;
  }): { port: number; stop(now: boolean): void };
}

/** The server of Bun. */
const servingInBun = (
  open: (path: string, bun: BunServer) => (start: number) => Blob | Uint8Array<ArrayBuffer>,
): Way =>
async ({ path, size, operations }) => {
  const { Bun } = globalThis as unknown as { Bun: BunServer };
  const bodyAt = open(path, Bun);
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ headers }) =>
      new Response(bodyAt(startOf({ headers: { range: headers.get("range")! } })), {
        status: 206,
      }),
  });
  const order = { port: server.port, size, requests: operations };
  return await asked(order, () => server.stop(true));
};

if (process.argv[2] === "client") {
  process.on("message", async (order: Order) => void process.send!(await ask(order)));
  process.on("disconnect", () => process.exit());
  process.send!("ready");
} else {
  await serveJob({
    "sysalloc/ranges": serving((path) => {
      const mmap = new MmapOptions().map(path);
      return (response, start) => response.end(mmap.view(Uint8Array, start, RANGE));
    }),
    "read-sync/ranges": serving((path) => {
      const file = openSync(path, "r");
      return (response, start) => {
        const bytes = new Uint8Array(RANGE);
        readSync(file, bytes, 0, RANGE, start);
        response.end(bytes);
      };
    }),
    "read/ranges": serving((path) => {
      const file = openSync(path, "r");
      return (response, start) =>
        read(file, new Uint8Array(RANGE), 0, RANGE, start, (_, __, bytes) => response.end(bytes));
    }),
    "stream/ranges": serving((path) => (response, start) =>
      void createReadStream(path, { start, end: start + RANGE - 1 }).pipe(response)
    ),
    "sysalloc-bun/ranges": servingInBun((path) => {
      const mmap = new MmapOptions().map(path);
      return (start) => mmap.view(Uint8Array, start, RANGE);
    }),
    "bun-slice/ranges": servingInBun((path, Bun) => (start) =>
      Bun.file(path).slice(start, start + RANGE)
    ),
  });
}
