// Reads and writes what others truncated, as the cases that it is told do, one
// after the other: many end the process where there is no guard.
import { copies } from "../truncation/copies.ts";
import { lifetimes } from "../truncation/lifetimes.ts";
import { losses } from "../truncation/losses.ts";
import type { Cases } from "../truncation/process.ts";
import { signals } from "../truncation/signals.ts";
import { threads } from "../truncation/threads.ts";

const CASES: Cases = { ...losses, ...threads, ...lifetimes, ...signals, ...copies };

process.exitCode = 1;
for (const name of process.argv.slice(3)) {
  console.log(JSON.stringify([name, await CASES[name]!()]));
}
process.exit(0);
