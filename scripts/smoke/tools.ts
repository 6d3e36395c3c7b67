/**
 * Tools that the package is tried with, from npm into the cache.
 *
 * @module
 */
import { join } from "node:path";
import { cached } from "../matrix/cache.ts";

/** Fetches a tool; gives the folder of its package, or `undefined` where it is not to be had. */
export async function fetchTool(name: string, version: string): Promise<string | undefined> {
  try {
    const folder = await cached(`tools/${name}@${version}`, async (folder) => {
      await Deno.writeTextFile(join(folder, "package.json"), '{ "private": true }');
      const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", `${name}@${version}`];
      const { success } = await new Deno.Command("npm", {
        args,
        cwd: folder,
        stdout: "null",
        stderr: "null",
      }).output();
      if (!success) throw new Error(`npm cannot fetch ${name}`);
    });
    return join(folder, "node_modules", name);
  } catch {
    return undefined;
  }
}
