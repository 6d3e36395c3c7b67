/**
 * What the tests need of the runner and the runtime they are in. This is the
 * only file of the suite that asks which one that is.
 *
 * @module
 */
import { test as nodeTest } from "node:test";

interface Globals {
  readonly Deno?: {
    readonly version: { readonly deno: string };
    readonly execPath: () => string;
  };
  readonly Bun?: {
    readonly version: string;
    readonly gc: (synchronous: boolean) => void;
  };
}

const { Deno, Bun } = globalThis as Globals;

/** The runtime that runs this suite. */
export const runtime: "deno" | "bun" | "node" = Deno ? "deno" : Bun ? "bun" : "node";

/** The operating system, as `process.platform` names it. */
export const platform: string = process.platform;

/**
 * Declares a test. With a `skip` that is a string the test is skipped, and
 * the string, the reason, stands in its name: not every runner reports one.
 */
export function test(
  name: string,
  body: () => void | Promise<void>,
  options: { readonly skip?: string | undefined } = {},
): void {
  if (options.skip === undefined) nodeTest(name, body);
  else nodeTest(`${name} [skipped: ${options.skip}]`, { skip: true }, () => {});
}
