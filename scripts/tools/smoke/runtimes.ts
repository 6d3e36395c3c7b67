/**
 * Checks of the package and of its command in each runtime.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { pinned } from "../suite.ts";
import {
  bun,
  bundle,
  check,
  deno,
  end,
  makeFolder,
  node22,
  node24,
  node26,
  npmInstall,
  run,
} from "./checks.ts";

const COMMAND = "node_modules/sysalloc/esm/cli.js";

/** Uses the package alone. Returns the folder that has it. */
export async function checkAlone(tarball: string): Promise<string> {
  const folder = await makeFolder("alone");
  await check("npm install", () => npmInstall(folder, tarball));
  await check("Node.js 26", () => run([node26, "main.mjs"], folder));
  const trace = [node26, "--enable-source-maps", "with_trace.mjs"];
  await check("Node.js 26, source map", () => run(trace, folder));
  await check("Deno", async () => {
    const program = await Deno.readTextFile(join(folder, "main.mjs"));
    const named = program.replace('"sysalloc"', '"npm:sysalloc"');
    await Deno.writeTextFile(join(folder, "main_npm.mjs"), named);
    return await run([Deno.execPath(), "run", "--no-lock", "--allow-ffi", "main_npm.mjs"], folder);
  });

  // It is looked for beside the executable too, where it is for this one.
  const elsewhere = `data:text/javascript,process.execPath="/"`;
  const withoutKoffi = [node22, "--import", elsewhere];
  await check("Node.js 22 without koffi", () => run([...withoutKoffi, "without_ffi.mjs"], folder));
  await check("Node.js 22 without koffi, command", async () => {
    const { code, stderr } = await end([...withoutKoffi, COMMAND, "info"], folder);
    if (code === 1 && /install.* koffi.*\n.*npx -p/.test(stderr)) return stderr;
    throw new Error(`It ended with ${code}: ${stderr}`);
  });

  await checkCommand("Node.js 26", [node26, COMMAND], folder);
  await checkCommand("Deno", [...deno, COMMAND], folder);
  await check("npx sysalloc", async () => {
    // The command asks for a newer Node.js than the tools do.
    const path = `PATH=${dirname(node26)}:${Deno.env.get("PATH")}`;
    const help = await run(["env", path, "npx", "--no", "--", "sysalloc", "--help"], folder);
    if (!help.startsWith("Usage: sysalloc info")) throw new Error(help);
    return help;
  });
  return folder;
}

/** Uses the package with koffi, in the versions of Node.js that need it. */
export async function checkWithKoffi(tarball: string): Promise<void> {
  const folder = await makeFolder("with_koffi");
  const koffi = `koffi@${pinned("koffi")}`;
  await check(`npm install with ${koffi}`, () => npmInstall(folder, tarball, koffi));
  for (const [name, node] of [["Node.js 24", node24], ["Node.js 22", node22]] as const) {
    await check(name, () => run([node, "main.mjs"], folder));
    await checkCommand(name, [node, COMMAND], folder);
  }
  const required = [node22, "-p", "require('sysalloc').pageSize()"];
  await check("Node.js 22, require()", () => run(required, folder));
  await check("Node.js 22, in CommonJS that esbuild made", async () => {
    await bundle(folder, "main.mjs", "main.cjs", ["--format=cjs"]);
    return await run([node22, "main.cjs"], folder);
  });
}

/** Uses the package as Bun installs it. */
export async function checkWithBun(tarball: string): Promise<void> {
  const folder = await makeFolder("with_bun");
  await check("bun add", () => run([bun, "add", tarball], folder));
  await check("Bun", () => run([bun, "main.mjs"], folder));
  await checkCommand("Bun", [bun, "--bun", "run", "sysalloc"], folder);
}

/** Uses the command of the package. */
async function checkCommand(
  name: string,
  command: readonly string[],
  folder: string,
): Promise<void> {
  await check(`${name}, command`, async () => {
    const facts = JSON.parse(await run([...command, "info", "--json"], folder));
    if (!(facts[0].name === "pageSize" && facts[0].value > 0)) {
      throw new Error(`info tells ${JSON.stringify(facts[0])}`);
    }
    const wrong = await end([...command, "info", "--wrong"], folder);
    if (wrong.code !== 2) throw new Error(`Wrong usage ended with ${wrong.code}: ${wrong.stderr}`);
    return await run([...command, "regions", "--resident"], folder);
  });
}
