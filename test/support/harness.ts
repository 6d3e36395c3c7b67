/**
 * The tests' interface to the runner and the runtime they are in. This is the
 * only file of the suite that asks which one that is; `child_processes.ts` has
 * what they need to start others.
 *
 * @module
 */
import { createRequire } from "node:module";
import { isAtLeast } from "../../ffi/runtime/versions.ts";

interface Globals {
  readonly Deno?: object;
  readonly Bun?: { gc(synchronous: boolean): void };
  readonly gc?: () => void;
}

const { Deno, Bun, gc } = globalThis as Globals;

/** The runtime that runs this. */
export const runtime: "deno" | "bun" | "node" = Deno ? "deno" : Bun ? "bun" : "node";

/** The reason to skip a test that holds in Bun from 1.4 on, and nowhere else. */
export const unlessBun14: string | undefined = isAtLeast(process.versions["bun"] ?? "", "1.4")
  ? undefined
  : "only Bun from 1.4 on can do that";

/** The longest that a test may take, and a child, in milliseconds. */
export const TIMEOUT_MS = 300_000;

/** `node:test`, as a CommonJS module. */
type NodeTest = (
  name: string,
  options: { readonly timeout?: number; readonly skip?: boolean },
  body: TestBody,
) => unknown;

/** The part of `bun:test` that is used: before 1.4, Bun's `node:test` runs in test files alone. */
interface BunTest {
  readonly test: ((name: string, body: TestBody, timeout: number) => void) & {
    skip(name: string, body: TestBody): void;
  };
}

/** The part of `jest` of `bun:test` that is used, from 1.3.4 on. */
interface BunJest {
  useFakeTimers(): void;
  useRealTimers(): void;
}

type TestBody = () => void | Promise<void>;

/** The operating system, as `process.platform` names it. */
export const platform: string = process.platform;

/** A reason to skip a test everywhere but on Linux; `undefined` there. */
export function unlessLinux(reason: string): string | undefined {
  return platform === "linux" ? undefined : reason;
}

/** Set while `in_one.mjs` loads all test files; other runners load each before they run it. */
const LOADING = Symbol.for("sysalloc.loading");

const inUse: Disposable[] = [];

/** Disposes a value at the end of the test, the last one first: `using`, for versions that lack it. */
export function use<T extends Disposable>(value: T): T {
  inUse.push(value);
  return value;
}

/**
 * Declares a test. With a `skip` that is a string the test is skipped, and
 * the string, the reason, stands in its name: not every runner reports one.
 */
export function test(
  name: string,
  body: TestBody,
  options: { readonly skip?: string | undefined } = {},
): void {
  const isSkipped = options.skip !== undefined;
  const disposing = async () => {
    await (globalThis as { readonly [LOADING]?: Promise<void> })[LOADING];
    try {
      await body();
    } finally {
      while (inUse.length > 0) inUse.pop()![Symbol.dispose]();
    }
  };
  const title = isSkipped ? `${name} [skipped: ${options.skip}]` : name;
  const require = createRequire(import.meta.url);
  if (Bun) {
    const { test } = require("bun:test") as BunTest;
    if (isSkipped) test.skip(title, body);
    else test(title, disposing, TIMEOUT_MS);
  } else {
    const nodeTest = require("node:test") as NodeTest;
    nodeTest(
      title,
      isSkipped ? { skip: true } : { timeout: TIMEOUT_MS },
      isSkipped ? () => {} : disposing,
    );
  }
}

/** `node:timers` can be faked where the library does not need it: in Deno from 2.7.14 on. */
const canFakeModule = isAtLeast(process.versions["deno"] ?? "2.7.14", "2.7.14");

/**
 * Puts timers in place that never call back, as runners of tests and `@sinonjs/fake-timers` do:
 * the global ones, those of `node:timers`, and Bun's own. Returns what undoes it.
 */
export function fakeTimers(): () => void {
  const require = createRequire(import.meta.url);
  const names = ["setTimeout", "setImmediate", "queueMicrotask"] as const;
  const places: Record<string, unknown>[] = [globalThis as never];
  if (canFakeModule) places.push(require("node:timers"));
  const before = places.map((place) => names.map((name) => [name, place[name]] as const));
  for (const place of places) for (const name of names) if (place[name]) place[name] = () => {};
  const { jest } = (Bun ? require("bun:test") : {}) as { jest?: Partial<BunJest> };
  jest?.useFakeTimers?.();
  return () => {
    jest?.useRealTimers?.();
    for (const [index, place] of places.entries()) {
      for (const [name, value] of before[index]!) if (value) place[name] = value;
    }
  };
}

/** The URL of a source file, from `test/support/`: where the suite was compiled, its names end in `.js`. */
export function sourceUrl(path: string): URL {
  const isCompiled = import.meta.url.endsWith(".js");
  return new URL(isCompiled ? path.replace(/\.ts$/, ".js") : path, import.meta.url);
}

/** Collects garbage and lets finalizers run, four times. In Deno and Node.js only children may do so. */
export async function collectGarbage(): Promise<void> {
  await collectUntil(() => false, 4);
}

/** Collects garbage and lets finalizers run until something is so, `most` times at most. */
export async function collectUntil(isSo: () => boolean, most: number): Promise<void> {
  for (let round = 0; round < most; round++) {
    if (Bun) Bun.gc(true);
    else if (gc) gc();
    else throw new Error("Garbage can be collected in a child only");
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (isSo()) return;
  }
}
