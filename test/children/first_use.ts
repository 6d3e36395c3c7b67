// Tells what importing the module loads, and what its first use does.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const { getBuiltinModule } = process;
const builtins: string[] = [];
process.getBuiltinModule = ((name: string) => {
  builtins.push(name);
  return getBuiltinModule(name);
}) as typeof getBuiltinModule;

// From where the first argument says that the sources are, or from here. Deno
// wants no permission to read what is named by a literal.
const elsewhere = process.argv[2];
if (elsewhere !== undefined) {
  const folder = dirname(fileURLToPath(elsewhere));
  process.chdir(folder);
  // Nor is the program or the executable where koffi is. Deno, which needs none, tells it for good.
  if (!("Deno" in globalThis)) process.argv[1] = process.execPath = join(folder, "program");
}
const { MmapOptions }: typeof import("../../mod.ts") = elsewhere === undefined
  ? await import("../../mod.ts")
  : await import(elsewhere);
const onImport = [...builtins];
let firstUse: unknown;
try {
  const mmap = new MmapOptions({ len: 1 }).mapAnon();
  mmap.bytes[0] = 1;
  mmap.unmap();
  firstUse = "worked";
} catch (error) {
  const { constructor, name, message, cause } = error as Error;
  firstUse = { class: constructor.name, name, message, cause: String(cause) };
}
process.getBuiltinModule = getBuiltinModule;
const { createRequire } = getBuiltinModule("node:module");
const koffi = Object.keys(createRequire(import.meta.url).cache ?? {})
  .some((path) => /node_modules.(koffi|@koromix)/.test(path));
console.log(JSON.stringify({ onImport, builtins, firstUse, koffi }));
