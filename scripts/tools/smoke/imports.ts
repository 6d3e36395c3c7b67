/**
 * Checks of importing: it does nothing, and leads to one module alone.
 *
 * @module
 */
import { join } from "node:path";
import { bun, check, deno, end, node22, node24, node26, run, TOOLS } from "./checks.ts";

const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  "Node.js 22": [node22],
  "Node.js 24": [node24],
  "Node.js 26": [node26],
  "Bun": [bun],
  "Deno": deno,
};

/** Imports the package in a folder that has it. */
export async function checkImport(folder: string): Promise<void> {
  for (const [name, command] of Object.entries(RUNTIMES)) {
    await check(`${name}, import`, () => run([...command, "top_level.mjs"], folder));
  }
  const blob = ["--no-warnings", "--snapshot-blob", "start.blob"];
  for (const node of [node22, node24, node26]) {
    await check(`${node === node26 ? "use" : "import"} in a start-up snapshot`, async () => {
      await run([node, ...blob, "--build-snapshot", "snapshot.cjs"], folder);
      if (node === node26) return await run([node, ...blob, "main"], folder);
    });
  }
  await check("esbuild leaves nothing of an import alone", async () => {
    const entry = join(folder, "import_alone.mjs");
    await Deno.writeTextFile(entry, 'import "sysalloc";\n');
    const bundled = await run([join(TOOLS, ".bin/esbuild"), entry, "--bundle", "--format=esm"]);
    if (bundled !== "") throw new Error(`${bundled.length} characters are left`);
  });
  await check("no module but the one that is exported can be imported", async () => {
    for (const path of ["esm/mod.js", "core/mmap.js", "esm/core/mmap.js", "package.json"]) {
      const program = `import ${JSON.stringify(`sysalloc/${path}`)}`;
      const { code, stderr } = await end([node26, "--input-type=module", "-e", program], folder);
      if (code === 0 || !stderr.includes("ERR_PACKAGE_PATH_NOT_EXPORTED")) {
        throw new Error(`${path}: ${stderr}`);
      }
    }
  });
}
