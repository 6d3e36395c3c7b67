/**
 * Many short files, each of which is read once: `path` is a folder of them.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { MmapOptions } from "../../../mod.ts";
import { Bun } from "../files/bun.ts";
import { serveJob, type Way } from "./job.ts";

function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index++) sum += bytes[index]!;
  return sum;
}

const sums =
  (sumFile: (path: string) => number | Promise<number>): Way => ({ path, operations }) => ({
    async run() {
      let sum = 0;
      for (let number = 0; number < operations; number++) {
        const result = sumFile(`${path}/${number}`);
        sum += typeof result === "number" ? result : await result;
      }
      return sum;
    },
  });

await serveJob({
  "sysalloc/short-files": sums((path) => {
    using mmap = new MmapOptions().map(path);
    return sumOf(mmap.bytes);
  }),
  "read-file/short-files": sums((path) => sumOf(readFileSync(path))),
  "promises/short-files": sums(async (path) => sumOf(await readFile(path))),
  "deno-read-file/short-files": sums((path) => sumOf(Deno.readFileSync(path))),
  "bun-file/short-files": sums(async (path) => sumOf(await Bun.file(path).bytes())),
  "bun-mmap/short-files": sums((path) => sumOf(Bun.mmap(path))),
});
