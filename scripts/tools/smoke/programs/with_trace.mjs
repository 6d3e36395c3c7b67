// Fails in the library, whose frames the source map names.
import assert from "node:assert/strict";
import { MmapOptions } from "sysalloc";

assert.throws(() => new MmapOptions().len(-1), (error) => {
  const frame = error.stack.split("\n").find((line) => line.includes("arguments.ts"));
  console.log(frame.trim());
  return /checks.arguments\.ts:\d+/.test(frame);
});
