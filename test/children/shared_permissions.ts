// Tries to make, open and remove shared memory, and prints what came of it.
import { MmapOptions, removeShared } from "../../mod.ts";

const [name = ""] = process.argv.slice(2);
const options = new MmapOptions({ len: 4096 });
const outcomes = [
  () => options.mapShared(name, { mode: "create" }).unmap(),
  () => options.mapShared(name).unmap(),
  () => options.mapShared(name, { mode: "open-or-create" }).unmap(),
  () => removeShared(name),
].map((call) => {
  try {
    call();
    return "done";
  } catch (error) {
    const { name, code } = error as { readonly name: string; readonly code?: unknown };
    return String(code ?? name);
  }
});
console.log(JSON.stringify(outcomes));
