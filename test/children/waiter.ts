// Waits for a word of a file, once it says that it will; prints how that ended. With
// "async" it waits without blocking.
import { MmapOptions } from "../../mod.ts";

const [path, how] = process.argv.slice(2) as [string, string];
const mmap = new MmapOptions().mapMut(path);
const words = mmap.view(Int32Array, 0, 4);
Atomics.add(words, 1, 1);
const result = how === "async" ? await mmap.waitAsync(0, 0) : mmap.wait(0, 0);
console.log(JSON.stringify(result));
