/**
 * Pipes in folders, which no runtime makes.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import { platform } from "./harness.ts";

const NAMES: Readonly<Record<string, string>> = {
  linux: "libc.so.6",
  darwin: "libSystem.B.dylib",
};
const name = NAMES[platform];
const library = name === undefined ? undefined : currentRuntime().open(name, {
  // int mkfifo(const char *pathname, mode_t mode)
  mkfifo: { parameters: ["buffer", "u32"], result: "i32" },
});

/** Makes one; Windows has none. */
export function makePipe(path: string): void {
  const result = library?.mkfifo(new TextEncoder().encode(`${path}\0`), 0o600);
  if (result !== 0) throw new Error(`${path} cannot be made`);
}
