/**
 * Letting an event loop go on without a timer: runners of tests fake those, `setImmediate()`
 * and `Bun.sleep()` among them, also before the library is imported.
 *
 * @module
 */
import { atomics } from "../atomics.ts";

/** What is used of a `MessageChannel`. */
export interface MessageChannels {
  /** {@link https://developer.mozilla.org/docs/Web/API/MessageChannel} */
  readonly MessageChannel: new () => { readonly port1: Port };
}

interface Port {
  onmessage: ((event: never) => void) | null;
  close(): void;
}

/**
 * Resolves once timers and input that are due had their turn, in Deno and Node.js. A wait keeps no
 * process alive, and a port that is open does.
 */
export async function nextTurn({ MessageChannel }: MessageChannels): Promise<void> {
  const { port1 } = new MessageChannel();
  port1.onmessage = () => {};
  const word = sharedWord();
  const { value } = atomics.waitAsync(word, 0, 0);
  atomics.notify(word, 0);
  await value;
  port1.close();
}

/** Resolves likewise in Bun, whose timers run for a wait that ends by time alone. */
export async function nextTurnByWait(): Promise<void> {
  await atomics.waitAsync(sharedWord(), 0, 0, 0.01).value;
}

/** What is used of `node:fs`. */
export interface StatByCallback {
  /** {@link https://nodejs.org/api/fs.html#fsstatpath-options-callback} */
  stat(path: string, callback: () => void): void;
}

/** How often a file is asked for until a wait that time alone ends is given up. */
const MAX_ASKED = 100;

/**
 * Resolves likewise in Bun before 1.4, which fakes the time of waits together with its timers:
 * such a wait never ends, and what files tell comes all the same.
 */
export async function nextTurnByFile({ stat }: StatByCallback): Promise<void> {
  let isOver = false;
  nextTurnByWait().then(() => {
    isOver = true;
  });
  for (let count = 0; count < MAX_ASKED && !isOver; count++) {
    await new Promise<void>((resolve) => stat("/", resolve));
  }
}

function sharedWord(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4));
}
