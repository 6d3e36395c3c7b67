/**
 * The sessions that are open: one for each host and script.
 *
 * @module
 */
import { C_LIBRARY } from "./build.ts";
import type { Contender, Served, Task } from "./catalogue/benchmark.ts";
import { HOSTS } from "./hosts.ts";
import { type Answer, Session, SessionOver } from "./session.ts";

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
