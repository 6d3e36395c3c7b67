/**
 * Checks of the declarations, which must not need more than an ordinary project has.
 *
 * @module
 */
import { join } from "node:path";
import { pinned } from "../suite.ts";
import { check, checkTool, node26, run, TOOLS } from "./checks.ts";

/** The README names the first one. */
const VERSIONS = ["5.7.3", "5.9.3"];
/** The one that is installed. */
const NEWEST = pinned("typescript");

const MODES = ["node16", "nodenext", "esnext --moduleResolution bundler"];
const ORDINARY = "--noEmit --strict --target es2022 --lib es2022 --skipLibCheck false";

/** The last line must be refused. */
const PROGRAM = `
import { Mmap, type MmapInit, MmapOptions, pageSize } from "sysalloc";

const init: MmapInit = { len: pageSize() };
const memory: Mmap = new MmapOptions(init).withHint(0n).mapAnon();
const address: bigint = memory.address;
const numbers: Float64Array = memory.view(Float64Array, 8n);
const types = { F32: Float32Array, I8: Int8Array };
const one: Float32Array | Int8Array = memory.view(types[address > 0n ? "F32" : "I8"]);
const exact: Float32Array<ArrayBuffer> = memory.view(types.F32);
const header: DataView<ArrayBuffer> = memory.view(DataView, 0, 16);
const disposable: Disposable = memory;
void [address, numbers, one, exact, header, disposable];
// @ts-expect-error: a length is a number or a bigint
new MmapOptions().len("4096");
`;

/** Compiles a program in a folder that has the package. */
export async function checkDeclarations(folder: string): Promise<void> {
  await Deno.writeTextFile(join(folder, "main.ts"), PROGRAM);
  for (const mode of MODES) {
    const options = `--module ${mode} ${ORDINARY} main.ts`.split(" ");
    const compile = (typescript: string) =>
      run([node26, join(typescript, "bin/tsc"), ...options], folder);
    for (const version of VERSIONS) {
      await checkTool(`TypeScript ${version}, ${mode}`, ["typescript", version], compile);
    }
    await check(`TypeScript ${NEWEST}, ${mode}`, () => compile(join(TOOLS, "typescript")));
  }
}
