import { assertStrictEquals, assertStringIncludes } from "@std/assert";
import { existsSync, readFileSync } from "node:fs";
import { isAtLeast } from "../../ffi/runtime/versions.ts";
import { run, runChild } from "../support/child_processes.ts";
import { platform, runtime, sourceUrl, test } from "../support/harness.ts";

/** The programs of `examples/`: their arguments, and what they must have printed. */
const EXAMPLES: Readonly<Record<string, readonly [args: readonly string[], printed: string]>> = {
  arrow: [["20000"], "after unmap() undefined"],
  machine_code: [[], "for x = 1000000: 3000000000002000007"],
  quickstart: [[], "closed is true"],
  range_server: [[], "9 ranges of 1000000 bytes were served and checked"],
  parallel_sum: [["1000000"], "Sum of 4 workers: 499999500000"],
  relay: [[], "Without one peer: The other side sent nothing for 300 ms"],
  growable: [["3000000"], "3000000 numbers, 2 chunks"],
  log_scan: [["8"], "streamed:"],
  ring: [[], "across its end"],
  safetensors: [[], "BF16 [2,2] copied: 1,-2,0.25,-Infinity"],
  secret: [[], "its views have length 0"],
  shared_cache: [[], "while 3 processes read them"],
  shared_counter: [[], "counted to 600000"],
  sparse: [[], "all rows dropped but the last"],
  vector_search: [["4000"], "Vector 3999: found 3999"],
  video_frames: [["60"], "60 frames of 1280 × 720 pixels"],
  wasm_search: [["2000"], "JavaScript in place"],
  wasm_sqlite: [["1000"], "SELECT sum(age) FROM people: 49500"],
  write_ahead_log: [["5"], "no acknowledged record is lost"],
};

function unable(name: string): string | undefined {
  const source = sourceUrl(`../../examples/${name}.ts`);
  // The copies of the suite that other systems run have none.
  if (!existsSync(source)) return "the examples are not here";
  if (/^wasm_|shared_counter/.test(name) && platform === "win32") {
    return "Windows maps nothing into memory of the engine";
  }
  if (name === "wasm_sqlite" && runtime === "bun") return "Bun may move the memory of the module";
  if (name === "machine_code" && platform === "darwin") return "macOS executes no memory like this";
  if (name === "video_frames" && (platform !== "linux" || run("python3", ["-V"]).status !== 0)) {
    return "it needs Linux and python3";
  }
  return /^\s*using /m.test(readFileSync(source, "utf8")) && runtime === "node" &&
      !isAtLeast(process.versions.node, "24")
    ? "Node.js below 24 has no using"
    : undefined;
}

for (const [name, [args, printed]] of Object.entries(EXAMPLES)) {
  test(`examples/${name}.ts runs and checks itself`, async () => {
    const { code, stdout, stderr } = await runChild(`../../examples/${name}.ts`, { args });
    assertStrictEquals(code, 0, stderr);
    assertStringIncludes(stdout, printed);
  }, { skip: unable(name) });
}
