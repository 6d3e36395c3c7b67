/**
 * A process that serves rounds: a line asks for one, a line of JSON answers.
 *
 * @module
 */
import type { Task } from "./catalogue/benchmark.ts";
import { end, start, tellingLine } from "./processes.ts";

/** How long a round may take before it is given up, in milliseconds. */
const PATIENCE = 90_000;

/** What a round measured. */
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
export class Session {
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
export class SessionOver extends Error {
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
