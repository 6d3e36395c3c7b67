/**
 * Packages of the npm registry, in the cache.
 *
 * @module
 */
import { join } from "node:path";
import { cached, digest } from "./cache.ts";
import { need } from "./commands.ts";

/** Fetches one package, also for a system on which npm would not install it. Returns its folder. */
export function fetchPackage(name: string, version: string): Promise<string> {
  const id = `${name}@${version}`;
  return cached(`npm/${id.replace("/", "+")}`, async (folder) => {
    await need(`npm cannot fetch ${id}`, ["npm", "pack", "--silent", id], {
      cwd: folder,
    });
    await need(`${id} cannot be unpacked`, [
      "sh",
      "-c",
      "tar -xzf ./*.tgz --strip-components=1 && rm ./*.tgz",
    ], { cwd: folder });
  });
}

/** Installs packages of the given versions. Returns the folder `node_modules` that has them. */
export async function fetchTools(versions: Readonly<Record<string, string>>): Promise<string> {
  const folder = await cached(`tools/${await digest(versions)}`, async (folder) => {
    const manifest = { private: true, dependencies: versions };
    await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify(manifest));
    const names = Object.entries(versions).map((tool) => tool.join("@"));
    const options = ["--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"];
    const command = ["npm", "install", ...options];
    await need(`npm cannot fetch ${names.join(", ")}`, command, { cwd: folder, limit: 180 });
  });
  return join(folder, "node_modules");
}
