// Has workers take the same tickets at the same time, and prints how many were
// taken, and how often one was refused. The argument is how many tickets.
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Mmap, type MmapError, MmapOptions, type MmapTicket } from "../../mod.ts";
import { slotsInUse } from "../support/slots_in_use.ts";

const WORKERS = 3;
const SPINS = 20_000;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

if (isMainThread) await direct(Number(process.argv[2]));
else work();

async function direct(count: number): Promise<void> {
  const mmap = new MmapOptions({ len: 4096 }).mapAnon();
  const tickets = Array.from({ length: count }, () => mmap.share());
  mmap.unmap();
  const arrived = new Int32Array(new SharedArrayBuffer(4 * (count + 1)));
  const counts = await Promise.all(
    Array.from({ length: WORKERS }, () =>
      new Promise<readonly number[]>((resolve, reject) => {
        const program = fileURLToPath(import.meta.url);
        const worker = new Worker(program, { workerData: { tickets, arrived } });
        worker.once("message", resolve);
        worker.once("error", reject);
      })),
  );
  const sum = (index: number) => counts.reduce((total, each) => total + each[index]!, 0);
  console.log(JSON.stringify({ taken: sum(0), refused: sum(1), slots: slotsInUse() }));
  process.exit(0);
}

function work(): void {
  const { tickets, arrived } = workerData as {
    readonly tickets: readonly MmapTicket[];
    readonly arrived: Int32Array;
  };
  const handles: Mmap[] = [];
  let refused = 0;
  const meet = (index: number) => {
    Atomics.add(arrived, index, 1);
    // One that is being started, or has no processor, is not waited for in a loop.
    for (let spin = 0; Atomics.load(arrived, index) < WORKERS; spin++) {
      if (spin > SPINS) Atomics.wait(sleeper, 0, 0, 1);
    }
  };
  for (const [index, ticket] of tickets.entries()) {
    meet(index); // at the same time as the others
    try {
      handles.push(Mmap.fromTicket(ticket));
    } catch (error) {
      if ((error as MmapError).code !== "EBADF") throw error;
      refused++;
    }
  }
  meet(tickets.length); // what is taken twice would be freed too early
  for (const handle of handles) handle.unmap();
  parentPort!.postMessage([handles.length, refused]);
}
