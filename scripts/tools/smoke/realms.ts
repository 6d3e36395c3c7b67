/**
 * Checks where the language's own objects are other ones: in Jest's realm, and frozen by SES.
 *
 * @module
 */
import { join } from "node:path";
import { bundle, checkTool, deno, node26, PROGRAMS, run } from "./checks.ts";

const JEST = ["jest", "30.5.2"] as const;
const SES = ["ses", "2.3.0"] as const;

/** Uses the package in a folder that has it. */
export async function checkRealms(folder: string): Promise<void> {
  await checkTool("Jest", JEST, async (jest) => {
    const test = "foreign.test.js";
    const external = ["sysalloc", "@jest/globals"].map((name) => `--external:${name}`);
    await bundle(folder, join(PROGRAMS, test), join(folder, test), ["--format=esm", ...external]);
    const node = [node26, "--no-warnings", "--experimental-vm-modules"];
    await run([...node, join(jest, "bin/jest.js"), "--rootDir", folder], folder);
  });
  const commands = { "Node.js 26": [node26, "--no-warnings"], "Deno": deno };
  for (const [name, command] of Object.entries(commands)) {
    await checkTool(
      `SES lockdown, ${name}`,
      SES,
      (ses) => run([...command, "lockdown.mjs", ses], folder),
    );
  }
}
