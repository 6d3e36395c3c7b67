// Maps what others rename all the time; prints how often what came of it.
import { MmapOptions } from "../../mod.ts";
import { CALLS } from "../support/temp_files.ts";

const [path, rounds] = process.argv.slice(2) as [string, string];
const counts: Record<string, number> = {};
for (let round = 0; round < Number(rounds); round++) {
  let outcome: string;
  try {
    const mmap = new MmapOptions()[CALLS[round % 2]!](path);
    outcome = String.fromCharCode(mmap.bytes[0]!);
    mmap.unmap();
  } catch (error) {
    const { name, code } = error as { readonly name: string; readonly code?: unknown };
    outcome = String(code ?? name);
  }
  counts[outcome] = (counts[outcome] ?? 0) + 1;
}
console.log(JSON.stringify(counts));
