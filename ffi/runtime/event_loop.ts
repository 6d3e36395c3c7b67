/**
 * Letting the event loop of Node.js go on, by a message and no timer: timers can be faked.
 *
 * @module
 */

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

/** Resolves once timers and input that are due had their turn. */
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
