import { assertStrictEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { isAtLeast } from "../../ffi/runtime/versions.ts";
import { runChild } from "../support/child_processes.ts";
import { platform, runtime, sourceUrl, test } from "../support/harness.ts";

/** The programs of `examples/`: their arguments, and what they must have printed. */
const EXAMPLES: Readonly<Record<string, readonly [args: readonly string[], printed: string]>> = {
  quickstart: [[], "closed is true"],
  parallel_sum: [["1000000"], "Sum of 4 workers: 499999500000"],
  relay: [[], "Without one peer: The other side sent nothing for 300 ms"],
  growable: [["3000000"], "3000000 numbers, 2 chunks"],
  log_scan: [["8"], "streamed:"],
  ring: [[], "across its end"],
  safetensors: [[], "I64  [2] copied: -1,1099511627776"],
  secret: [[], "its views have length 0"],
  shared_cache: [[], "while 3 processes read them"],
  shared_counter: [[], "counted to 600000"],
  sparse: [[], "all rows dropped but the last"],
  wasm_search: [["2000"], "JavaScript in place"],
  wasm_sqlite: [["1000"], "SELECT sum(age) FROM people: 49500"],
};

function unable(name: string): string | undefined {
  // The copies of the suite that other systems run have none.
  if (!existsSync(sourceUrl("../../examples/quickstart.ts"))) return "the examples are not here";
  if (/^wasm_|shared_counter/.test(name) && platform === "win32") {
    return "Windows maps nothing into memory of the engine";
  }
  if (name === "wasm_sqlite" && runtime === "bun") return "Bun may move the memory of the module";
  return runtime === "node" && !isAtLeast(process.versions.node, "24")
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
