/**
 * Workers that take tickets: `children/ticket_worker.ts`.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { Request } from "../children/ticket_worker.ts";
import { childUrl } from "./bundled.ts";

/** One worker, asked one thing after the other. */
export class TicketWorker {
  readonly #worker: Worker = new Worker(childUrl("ticket_worker.ts"));

  /** Asks for something; resolves with the answer, or rejects with the code of its error. */
  ask(request: Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#worker.once("error", reject);
      this.#worker.once("message", ({ value, code }: { value?: unknown; code?: string }) => {
        this.#worker.removeListener("error", reject);
        if (code === undefined) resolve(value);
        else reject(code);
      });
      this.#worker.postMessage(request);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
