/**
 * Packages of the npm registry, for systems that npm itself would not install
 * them on, and in many versions.
 *
 * @module
 */
import { cached } from "./cache.ts";
import { need } from "./steps.ts";

/** Fetches a package and unpacks it; gives its folder. */
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
