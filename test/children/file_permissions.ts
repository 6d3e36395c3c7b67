// Tries to map a file in each way, and prints what came of it.
import { MmapOptions } from "../../mod.ts";
import { CALLS } from "../support/temp_files.ts";

const [path] = process.argv.slice(2);
const outcomes = CALLS.map((call) => {
  try {
    new MmapOptions()[call](path!).unmap();
    return "mapped";
  } catch (error) {
    const { name, code } = error as { readonly name: string; readonly code?: unknown };
    return name === "MmapError" ? String(code) : name;
  }
});
console.log(JSON.stringify(outcomes));
