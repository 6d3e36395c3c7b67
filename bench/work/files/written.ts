/**
 * Scattered stores to a file, by calls that write.
 *
 * @module
 */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import type { Work } from "../serve.ts";
import { storing } from "./sums.ts";

/** By the runtime's own means. */
export const writtenFiles: Readonly<Record<string, Work>> = {
  "fs/store-flush": (task) => {
    const file = openSync(task.path, "r+");
    const byte = new Uint8Array(1);
    return {
      run: storing(task, (at, value) => {
        byte[0] = value;
        writeSync(file, byte, 0, 1, at);
        return value;
      }, () => fsyncSync(file)),
      end: () => closeSync(file),
    };
  },
  "deno-file/store-flush": (task) => {
    const file = Deno.openSync(task.path, { read: true, write: true });
    const byte = new Uint8Array(1);
    return {
      run: storing(task, (at, value) => {
        byte[0] = value;
        file.seekSync(at, 0); // Deno.SeekMode.Start
        file.writeSync(byte);
        return value;
      }, () => file.syncSync()),
      end: () => file.close(),
    };
  },
};
