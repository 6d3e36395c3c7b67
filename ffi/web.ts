/**
 * Globals of the runtimes that are not part of the language. Some sandboxes lack them, such as Jest
 * with jsdom; then the builtin modules have the same functions.
 *
 * @module
 */

interface Web {
  readonly TextEncoder: typeof TextEncoder;
  readonly TextDecoder: typeof TextDecoder;
  readonly crypto: { getRandomValues(target: BigUint64Array): unknown };
}

let encoder: TextEncoder | undefined;

/** Encodes a text in UTF-8. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return (encoder ??= new (web("TextEncoder", "util"))()).encode(text);
}

/** Makes a decoder of UTF-8. */
export function textDecoder(): TextDecoder {
  return new (web("TextDecoder", "util"))();
}

/** Fills an array with random bits. */
export function fillRandom(target: BigUint64Array): void {
  web("crypto", "crypto").getRandomValues(target);
}

interface Timers {
  setInterval(act: () => void, milliseconds: number): { unref(): unknown };
  clearInterval(timer: unknown): void;
}

/** Calls a function every so many milliseconds while the event loop runs anyway. Returns the end. */
export function repeat(act: () => void, milliseconds: number): () => void {
  const { process } = globalThis as unknown as {
    readonly process: { getBuiltinModule(name: string): Timers };
  };
  const { setInterval, clearInterval } = process.getBuiltinModule("node:timers");
  const timer = setInterval(act, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
}

function web<Name extends keyof Web>(name: Name, module: string): Web[Name] {
  const globals = globalThis as unknown as Web & {
    readonly process: { getBuiltinModule(name: string): Web & { readonly webcrypto: never } };
  };
  const found = globals[name];
  if (found !== undefined) return found;
  const builtin = globals.process.getBuiltinModule(`node:${module}`);
  return builtin[name] ?? builtin.webcrypto;
}
