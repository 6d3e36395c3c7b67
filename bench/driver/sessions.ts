/**
 * Processes that serve rounds, one for each host and script: a line asks for a round, a line
 * of JSON answers.
 *
 * @module
 */
import type { Contender, Served, Task } from "../catalogue/benchmark.ts";
import { C_LIBRARY } from "./build.ts";
import { HOSTS } from "./hosts.ts";
import { end, start, tellingLine } from "./processes.ts";

/** The longest time of a round, in milliseconds. */
const PATIENCE = 90_000;

/** The measures of a round. */
export interface Answer {
  readonly checksum: number;
  readonly operations: number;
  /** By their keys, in their units. */
  readonly measures: Readonly<Record<string, number>>;
}

/** Makes an answer of what a process printed; throws where it says what went wrong. */
export function parseAnswer(line: string): Answer {
  const { error, checksum, operations, ...measures } = JSON.parse(line);
  if (error !== undefined) throw new Error(error);
  return { checksum, operations, measures };
}

/** A process that serves rounds. */
class Session {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: Promise<string>;

  constructor(command: readonly [string, ...string[]], env: Record<string, string>) {
    this.#child = start(command, { stdin: "piped", env });
    this.#writer = this.#child.stdin.getWriter();
    this.#lines = linesOf(this.#child.stdout);
    this.#errors = new Response(this.#child.stderr).text();
  }

  /** Asks for a round; throws where it fails, after which the session may be over. */
  async ask(work: string, { size, operations, path }: Task): Promise<Answer> {
    const request = new TextEncoder().encode(`${work} ${size} ${operations} ${path}\n`);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      end(this.#child);
    }, PATIENCE);
    try {
      await this.#writer.write(request).catch(() => {}); // that it has ended is seen below
      const { done, value } = await this.#lines.next();
      if (!done) return parseAnswer(value);
      const { signal, code } = await this.#child.status;
      if (isLate) throw new SessionOver(`a round took longer than ${PATIENCE / 1000} s`);
      throw new SessionOver(
        `the process ended with ${signal ?? code}: ${tellingLine(await this.#errors)}`,
      );
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the process. */
  async end(): Promise<void> {
    end(this.#child);
    await this.#child.status;
    await this.#errors;
    await this.#writer.abort().catch(() => {});
  }
}

/** The process of a session has ended. */
class SessionOver extends Error {
  override readonly name = "SessionOver";
}

/** The lines that look like answers: a runtime may print others. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line.startsWith("{")) yield line;
  }
}

/** Sessions, which are started when they are first asked. */
export class Sessions {
  readonly #open = new Map<string, Session>();

  /** Asks a contender's for a round; throws where it fails. */
  async ask({ host }: Contender, { script, work }: Served, task: Task): Promise<Answer> {
    const key = `${host} ${script}`;
    let session = this.#open.get(key);
    if (session === undefined) {
      const { serve } = HOSTS[host];
      const command = script === undefined ? serve : [...serve, `work/${script}`] as const;
      session = new Session(command, { SYSALLOC_BENCH_C: C_LIBRARY });
      this.#open.set(key, session);
    }
    try {
      return await session.ask(work, task);
    } catch (error) {
      if (error instanceof SessionOver) this.#open.delete(key);
      throw error;
    }
  }

  /** Ends all of them. */
  async end(): Promise<void> {
    await Promise.all([...this.#open.values()].map((session) => session.end()));
    this.#open.clear();
  }
}
