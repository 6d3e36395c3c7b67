/**
 * Checks of the package for JSR.
 *
 * @module
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { project } from "../cache.ts";
import { check, end, makeFolder, run, temporary } from "./checks.ts";

const PACKAGE = join(project, "jsr");

/** Uses the package in Deno, and publishes it without sending it. */
export async function checkJsr(): Promise<void> {
  const folder = await makeFolder("jsr_user");
  const imports = { sysalloc: pathToFileURL(join(PACKAGE, "mod.js")).href };
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ imports }));
  const deno = (...args: string[]) => [Deno.execPath(), ...args];
  const use = deno("run", "--no-lock", "--allow-ffi", "main.mjs");
  await check("JSR's package in Deno", () => run(use, folder));
  const command = deno("run", "--no-lock", "-A", join(PACKAGE, "cli.js"), "info");
  await check("JSR's package in Deno, command", () => run(command, folder));
  await check("JSR's package in Deno, types", async () => {
    const program = (value: string) =>
      `import { MmapOptions } from "sysalloc";\n` +
      `using mmap = new MmapOptions({ len: ${value} }).mapAnon();\n` +
      `mmap.bytes satisfies Uint8Array<ArrayBuffer>;\n`;
    await Deno.writeTextFile(join(folder, "right.ts"), program("4096"));
    await Deno.writeTextFile(join(folder, "wrong.ts"), program('"4096"'));
    await run(deno("check", "--no-lock", "right.ts"), folder);
    const { code, stderr } = await end(deno("check", "--no-lock", "wrong.ts"), folder);
    if (code === 0 || !stderr.includes("'string' is not assignable")) throw new Error(stderr);
  });
  await check("JSR's package, published without being sent", async () => {
    const copy = join(temporary, "jsr");
    await run(["cp", "-r", PACKAGE, copy]);
    const { code, stdout, stderr } = await end(deno("publish", "--dry-run"), copy);
    const slow = /slow-type/.exec(stderr); // a page of JSR about each kind
    if (code !== 0 || slow !== null) throw new Error(`${stdout}\n${stderr}`);
  });
}
