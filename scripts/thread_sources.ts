/**
 * Compiles ffi/os/<system>/<name>_thread.ts to the text that a thread runs, and writes it into
 * ffi/os/<system>/<name>_thread_code.ts, or compares it. Bundlers do not find worker files,
 * so that threads start from a text.
 *
 * @module
 */
import { join } from "node:path";
import { build } from "esbuild";
import { readArguments } from "./tools/arguments.ts";

const USAGE = `Usage: npx deno run -A scripts/thread_sources.ts [--check]

Compiles ffi/os/<system>/<name>_thread.ts, and writes the text into <name>_thread_code.ts.

Options:
      --check  write nothing, and exit with 1 if a file has another text
  -h, --help   print this`;

const { values } = readArguments({ usage: USAGE, options: { check: { type: "boolean" } } });
const root = join(import.meta.dirname ?? ".", "../ffi/os");

for (
  const source of [
    "linux/waiting_thread",
    "darwin/waiting_thread",
    "windows/waiting_thread",
    "posix/flushing_thread",
    "windows/flushing_thread",
  ]
) {
  const [name, target] = [source.split("/")[1], join(root, `${source}_code.ts`)];
  const see = name === "waiting_thread" ? "Waiting.threadSource" : "Files.flushSource";
  const written = `// deno-fmt-ignore-file
/**
 * The text of ${name}.ts, written by scripts/thread_sources.ts; with \`--check\` it compiles
 * again and compares.
 *
 * @module
 */

/** See {@linkcode ${see}}. */
export const THREAD_SOURCE: string =
  ${JSON.stringify(await compile(join(root, `${source}.ts`)))};
`;
  if (await Deno.readTextFile(target).catch(() => "") === written) continue;
  if (values.check) {
    console.error(
      `${target} is not what ${name}.ts compiles to: deno run -A scripts/thread_sources.ts ` +
        "writes it",
    );
    Deno.exit(1);
  }
  await Deno.writeTextFile(target, written);
}
console.log("The texts of threads are what their sources compile to, for each system");

/** Compiles a module to an expression, whose value is its default export. */
async function compile(path: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const code = outputFiles[0]!.text.trim();
  const body = code.replace(/export\{(\w+) as default\};$/, "return $1");
  if (body === code) throw new Error(`${path} has no default export: ${code}`);
  return `(()=>{${body}})()`;
}
