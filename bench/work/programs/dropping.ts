/**
 * Drops mappings without unmapping them: `dropping.ts WAY COUNT BYTE_LENGTH`.
 *
 * @module
 */
import process from "node:process";
import { MmapOptions } from "../../../mod.ts";
import { drop } from "../dropping.ts";

const [, , way, count, byteLength] = process.argv as [string, string, string, string, string];
await drop(making(Number(byteLength)), Number(count));

function making(byteLength: number): () => Uint8Array {
  if (way === "array") return () => new Uint8Array(byteLength);
  const options = new MmapOptions({ len: byteLength });
  return () => options.mapAnon().bytes;
}
