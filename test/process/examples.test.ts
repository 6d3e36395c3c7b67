import { assertStrictEquals, assertStringIncludes } from "@std/assert";
import { existsSync, readFileSync } from "node:fs";
import { isAtLeast } from "../../ffi/runtime/versions.ts";
import { run, runChild } from "../support/child_processes.ts";
import { EXAMPLES, hasUsing } from "../support/example_programs.ts";
import { platform, runtime, sourceUrl, test } from "../support/harness.ts";

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
  return hasUsing(readFileSync(source, "utf8")) && runtime === "node" &&
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
