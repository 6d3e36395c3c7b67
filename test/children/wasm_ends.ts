// Maps a file into memory of the engine, stores to it, and ends in some way.
import { MmapOptions } from "../../mod.ts";
import { makeMemory, moduleOver } from "../support/wasm_module.ts";

const [path, how] = process.argv.slice(2) as [string, string];
const kept = [
  new MmapOptions().into(makeMemory(undefined, 1), "grow").mapMut(path),
  new MmapOptions({ sharedBuffer: true }).mapMut(path),
];
kept.forEach(({ bytes }, index) => bytes[index] = 78 + index);
if (how === "drop") kept.length = 0;
if (how === "exit") process.exit(0);
if (how === "throw") throw new Error("This ends it");
if (how === "trap") moduleOver(makeMemory()).load(-1);
if (how === "kill") process.kill(process.pid, "SIGKILL");
