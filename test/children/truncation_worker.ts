// Maps files, or views what the main thread mapped, and reads what is truncated.
import { parentPort, workerData } from "node:worker_threads";
import { host } from "../../ffi/host.ts";
import { actionOf, c, mapFile, PAGE, viewOf } from "../truncation/mapped_file.ts";

interface Task {
  readonly kind: "own files" | "view" | "guard";
  readonly rounds: number;
  readonly address: bigint;
  readonly pages: number;
}

const { kind, rounds, address, pages } = workerData as Task;
const SIGBUS = 7;

const TASKS: Readonly<Record<Task["kind"], () => unknown>> = {
  "own files"() {
    const guard = host().os.guard!();
    let survived = 0;
    for (let round = 0; round < rounds; round++) {
      const file = mapFile(2, guard);
      file.truncate(round % 2);
      const isZero = file.bytes[PAGE] === 0 && file.bytes[0] === (round % 2) * 7;
      if (isZero && file.entry!.faults === 2 - round % 2) survived++;
      c.close(file.descriptor);
    }
    return [survived, `${actionOf(SIGBUS).handler}`];
  },

  view() {
    const bytes = viewOf(address, pages);
    let sum = 0;
    for (let page = pages - 1; page >= 0; page--) sum += bytes[page * PAGE]! + 1;
    return sum;
  },

  guard() {
    host().os.guard!()!.add(address, BigInt(pages * PAGE));
    return "guarded";
  },
};

parentPort!.postMessage(TASKS[kind]());
