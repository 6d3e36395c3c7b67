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
  readonly MessageChannel: new () => { readonly port1: Port; readonly port2: Port };
}

interface Port {
  onmessage: ((event: never) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** Resolves once timers and input that are due had their turn: in Node.js a message is enough. */
export function nextTurn({ MessageChannel }: MessageChannels): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Resolves likewise in Bun, where between messages no timer runs, and one of the engine's own does. */
export async function nextTurnByWait(): Promise<void> {
  await atomics.waitAsync(sharedWord(), 0, 0, 0.01).value;
}

/** Resolves likewise in Deno, where a wait keeps no process alive, and a port that is open does. */
export async function nextTurnByNotify({ MessageChannel }: MessageChannels): Promise<void> {
  const { port1 } = new MessageChannel();
  port1.onmessage = () => {};
  const word = sharedWord();
  const { value } = atomics.waitAsync(word, 0, 0);
  atomics.notify(word, 0);
  await value;
  port1.close();
}

function sharedWord(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4));
}
