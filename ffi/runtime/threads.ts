/**
 * Threads that run a source given as a string, by `node:worker_threads`, which all runtimes have.
 *
 * @module
 */
import { bare, own } from "../own.ts";
import type { ThreadNeeds } from "../thread_needs.ts";

/** The used part of `node:worker_threads`. */
export interface NodeWorkerThreads {
  /** {@link https://nodejs.org/api/worker_threads.html#class-worker} */
  readonly Worker: new (
    source: string | { readonly href: string }, // a URL
    options: {
      readonly eval: boolean;
      readonly name: string;
      readonly workerData: unknown;
      readonly execArgv: readonly string[];
      readonly env: object;
    },
  ) => NodeWorker;
}

/** The used part of a `Worker`. */
export interface NodeWorker {
  on(event: "message", listener: (message: unknown) => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "exit", listener: () => void): unknown;
  postMessage(message: unknown): void;
  terminate(): unknown;
  ref(): void;
  unref(): void;
}

/** A thread. It keeps no process alive until {@linkcode Thread.hold} is called. */
export interface Thread {
  post(message: unknown): void;
  /** Sets whether the thread keeps the process alive. */
  hold(holds: boolean): void;
  end(): void;
}

/** Listens to a thread. */
export interface ThreadListener {
  message(message: unknown): void;
  /** The thread has ended, or could not start. */
  ended(cause: unknown): void;
}

/** The codes of errors that mean a lack of memory, threads or descriptors. */
const SHORTAGES: readonly unknown[] = [
  "ERR_WORKER_INIT_FAILED", // Node.js: of the thread, or of its event loop
  "ERR_WORKER_OUT_OF_MEMORY",
  "EAGAIN",
  "EMFILE",
  "ENFILE",
  "ENOMEM",
];
/** The message of Bun, which has no code. */
const BUN_SHORTAGE = "Failed to spawn worker thread";

/** See {@linkcode RuntimeThreads.isShortage}. */
function isShortage(cause: unknown): boolean {
  if (typeof cause !== "object" || cause === null) return false;
  return SHORTAGES.includes(own(cause, "code")) || own(cause, "message") === BUN_SHORTAGE;
}

/**
 * The needs of a thread of V8, in Deno and Node.js, with a margin: up to 7 descriptors, 848 MiB of
 * addresses and 536 MiB of data were measured, most of it for compiled code.
 */
const V8_NEEDS: ThreadNeeds = {
  descriptors: 12,
  addressBytes: 2 ** 30,
  dataBytes: 640 * 2 ** 20,
  threads: 0, // without one, the runtimes throw
};
/** The needs of a thread of Bun: 3 descriptors, 72 MiB of addresses, 6 MiB of data and 3 threads were measured. */
const BUN_NEEDS: ThreadNeeds = {
  descriptors: 8,
  addressBytes: 128 * 2 ** 20,
  dataBytes: 32 * 2 ** 20,
  threads: 3,
};

/** The threads of one runtime. All calls throw what the runtime throws. */
export interface RuntimeThreads {
  /**
   * The needs of a thread. If they are missing when a thread starts, the runtime can end the
   * process.
   */
  readonly needs: ThreadNeeds;
  /** Starts a thread that runs a source as script or module, with `data` as its `workerData`. */
  start(source: string, data: unknown, listener: ThreadListener): Thread;
  /** Whether an error means a temporary shortage, so that trying again can help. */
  isShortage(cause: unknown): boolean;
}

/**
 * Makes the threads of a runtime. With `evaluates`, the source is passed with the `eval` option,
 * because Bun before 1.4 accepts no URL of this length. In Deno it is passed as a URL: with `eval`,
 * Deno 2.1.0 loses the line breaks. `execArgv` are flags that the thread needs.
 */
export function nodeThreads(
  { Worker }: NodeWorkerThreads,
  evaluates: boolean,
  isBun: boolean,
  execArgv: readonly string[],
): RuntimeThreads {
  return {
    needs: isBun ? BUN_NEEDS : V8_NEEDS,
    isShortage,
    start(source, workerData, { message, ended }) {
      const script = evaluates
        ? source
        : new URL(`data:text/javascript,${encodeURIComponent(source)}`);
      const options = bare({
        eval: evaluates,
        name: "sysalloc",
        workerData,
        // Not the flags of the program, nor NODE_OPTIONS: a module that is loaded first would run
        // once more.
        execArgv,
        env: bare({}),
      });
      const worker = new Worker(script, options);
      worker.on("message", message);
      worker.on("error", ended);
      worker.on("exit", () => ended(undefined));
      worker.unref(); // last: in Node.js, adding a listener for messages keeps the process alive again
      return {
        post: (message) => worker.postMessage(message),
        hold(holds) {
          if (holds) worker.ref();
          else worker.unref();
        },
        end: () => void worker.terminate(),
      };
    },
  };
}
