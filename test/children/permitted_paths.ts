// Maps files by paths in each way, and looks at and opens them as the runtime does; prints what
// came of both: the first byte, or the error.
import { MmapOptions } from "../../mod.ts";
import { CALLS } from "../support/temp_files.ts";

interface DenoFiles {
  statSync(path: string): unknown;
  openSync(path: string, options: { read: boolean; write: boolean }): {
    readSync(bytes: Uint8Array): unknown;
    close(): void;
  };
  chdir(path: string): void;
}

const { Deno } = globalThis as { readonly Deno?: DenoFiles };
const { statSync, openSync, readSync, closeSync } = process.getBuiltinModule("node:fs");
const [folder, ...paths] = process.argv.slice(2) as [string, ...string[]];
if (folder !== "") Deno === undefined ? process.chdir(folder) : Deno.chdir(folder);

/** The first byte of a file, as the runtime opens it. */
function firstByte(path: string, isWritable: boolean): number {
  const bytes = new Uint8Array(1);
  if (Deno !== undefined) {
    Deno.statSync(path);
    const file = Deno.openSync(path, { read: true, write: isWritable });
    file.readSync(bytes);
    file.close();
  } else {
    statSync(path);
    const file = openSync(path, isWritable ? "r+" : "r");
    readSync(file, bytes);
    closeSync(file);
  }
  return bytes[0]!;
}

function outcomeOf(call: () => number): string {
  try {
    return String.fromCharCode(call());
  } catch (error) {
    const { name, code } = error as { readonly name: string; readonly code?: unknown };
    return String(code ?? name);
  }
}

const outcomes = paths.map((path) =>
  CALLS.map((call) => [
    outcomeOf(() => {
      const bytes = new Uint8Array(1);
      const mmap = new MmapOptions()[call](path);
      mmap.read(bytes);
      mmap.unmap();
      return bytes[0]!;
    }),
    outcomeOf(() => firstByte(path, call === "mapMut")),
  ])
);
console.log(JSON.stringify(outcomes));
