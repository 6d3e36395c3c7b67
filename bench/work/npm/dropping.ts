/**
 * Drops mappings of `@riaskov/mmap-io`: `dropping.mjs COUNT BYTE_LENGTH`.
 *
 * @module
 */
import process from "node:process";
import { drop } from "../dropping.ts";
import { mapAnon } from "./packages.ts";

const [, , count, byteLength] = process.argv as [string, string, string, string];
await drop(() => mapAnon(Number(byteLength)), Number(count));
