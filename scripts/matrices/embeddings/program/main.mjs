import process from "node:process";
import { isMainThread, workerData } from "node:worker_threads";
import { answer, tryAll } from "./features.mjs";

// Bundles in CommonJS have no await at their top level.
if (isMainThread) {
  tryAll().then(console.log, (error) => {
    console.error(error);
    process.exitCode = 1;
  });
} else {
  answer(workerData);
}
