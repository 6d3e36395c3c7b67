// Answers every message with the length of the array in it.
import { parentPort } from "node:worker_threads";

parentPort!.on("message", (bytes: Uint8Array) => parentPort!.postMessage(bytes.length));
