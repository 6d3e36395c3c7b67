/**
 * The works in C, called in this process: a page fault and a TLB flush cost
 * more where a runtime's threads are, so that a program of its own is no measure
 * of what the call from JavaScript adds.
 *
 * @module
 */
import process from "node:process";
import { currentRuntime } from "../../ffi/host.ts";
import type { Work } from "./serve.ts";

/** The variable that names the library built from `peers/c/`. */
const VARIABLE = "SYSALLOC_BENCH_C";

const encoder = new TextEncoder();
let functions: ReturnType<typeof open> | undefined;

function open() {
  const path = process.env[VARIABLE];
  if (path === undefined) throw new Error("no C compiler made the library");
  return currentRuntime().open(path, {
    // int32_t work_prepare(const char *name, size_t size, uint32_t operations, const char *path)
    work_prepare: { parameters: ["buffer", "usize", "u32", "buffer"], result: "i32" },
    // int32_t work_run(void)
    work_run: { parameters: [], result: "i32" },
    // int32_t work_failed(void)
    work_failed: { parameters: [], result: "i32" },
    // void work_end(void)
    work_end: { parameters: [], result: "void" },
  });
}

/** The work of a name in C. */
export function inC(name: string): Work {
  return ({ size, operations, path }) => {
    const c = functions ??= open();
    const text = (value: string) => encoder.encode(`${value}\0`);
    if (c.work_prepare(text(name), BigInt(size), operations, text(path)) !== 0) {
      throw new Error("C could not prepare it");
    }
    return {
      run() {
        const checksum = c.work_run();
        if (c.work_failed() !== 0) throw new Error("it failed in C");
        return checksum;
      },
      end: () => c.work_end(),
    };
  };
}

/** Works in C by the names that the driver has for them. */
export function allInC(...names: readonly string[]): Record<string, Work> {
  return Object.fromEntries(names.map((name) => [`c/${name}`, inC(name)]));
}
