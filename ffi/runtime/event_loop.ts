/**
 * Turns of the event loop without a timer, because test runners fake timers, even before the
 * library is imported, including `setImmediate()` and `Bun.sleep()`.
 *
 * @module
 */
import { atomics } from "../atomics.ts";

/** The used part of a `MessageChannel`. */
export interface MessageChannels {
  /** {@link https://developer.mozilla.org/docs/Web/API/MessageChannel} */
  readonly MessageChannel: new () => { readonly port1: Port };
}

interface Port {
  onmessage: ((event: never) => void) | null;
  close(): void;
}

/**
 * Resolves after due timers and input had their turn, in Deno and Node.js. The wait does not keep
 * the process alive, but the open port does.
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

/** Does the same in Bun, whose timers run only during a wait that times out. */
export async function nextTurnByWait(): Promise<void> {
  await atomics.waitAsync(sharedWord(), 0, 0, 0.01).value;
}

/** The used part of `node:fs`. */
export interface StatByCallback {
  /** {@link https://nodejs.org/api/fs.html#fsstatpath-options-callback} */
  stat(path: string, callback: () => void): void;
}

/** The number of calls of `stat()` before it stops waiting. */
const MAX_ASKED = 500;

/**
 * Does the same in Bun before 1.4. There, fake timers also stop the wait, so it resolves after some
 * calls of `stat()` instead.
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
