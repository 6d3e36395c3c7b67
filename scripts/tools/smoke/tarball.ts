/**
 * Checks of the tarball itself.
 *
 * @module
 */
import { join } from "node:path";
import { project } from "../cache.ts";
import { check, node24, run, temporary, TOOLS } from "./checks.ts";

/** The files of the tarball. */
const HOLDS: readonly string[] = [
  "package.json",
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
  "esm/mod.js",
  "esm/mod.js.map",
  "esm/mod.d.ts",
  "esm/cli.js",
  "esm/cli.js.map",
];

/** A tarball and its files. */
export interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** Packs `npm/` into the temporary folder, as `npm publish` would. */
export async function pack(): Promise<Packed> {
  const command = ["npm", "pack", "--json", "--pack-destination", temporary];
  const [packed] = JSON.parse(await run(command, join(project, "npm"))) as Packed[];
  return packed!;
}

/** Packs `npm/`, and lints the tarball. Returns its path, if there is one. */
export async function checkTarball(): Promise<string | undefined> {
  let tarball: string | undefined;
  await check("npm pack", async () => {
    const { filename, files } = await pack();
    checkFiles(files.map(({ path }) => path));
    tarball = join(temporary, filename);
    return `${files.length} files`;
  });
  if (tarball === undefined) return;
  const path = tarball;
  await check("publint", () => run([node24, join(TOOLS, ".bin/publint"), "run", "--strict", path]));
  await check("attw", async () => {
    const profile = ["--profile", "esm-only", "--no-definitely-typed"];
    await run([node24, join(TOOLS, ".bin/attw"), ...profile, path]);
  });
  return tarball;
}

/** Throws if the tarball holds too much or too little. */
function checkFiles(files: readonly string[]): void {
  const foreign = files.filter((file) => !HOLDS.includes(file));
  if (foreign.length > 0) throw new Error(`has ${foreign.join(", ")}`);
  const missing = HOLDS.filter((file) => !files.includes(file));
  if (missing.length > 0) throw new Error(`lacks ${missing.join(", ")}`);
}
