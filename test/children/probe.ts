// Makes every public call, and prints what came of each: `ok`, or the error's class, code and
// system call. The arguments: the folder of its files; a seccomp filter, or ""; `threads`, where
// calls for which the runtime starts threads are made too. Its end tells what is left.
import { readdirSync, readFileSync, readlinkSync, writeSync } from "node:fs";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { collectUntil } from "../support/harness.ts";
import { CALLS, THREAD_CALLS } from "../probe/calls.ts";
import { Place } from "../probe/place.ts";
import { filterCalls } from "../probe/seccomp.ts";
import { track, tracked } from "../probe/tracked.ts";

const [folder = "", filter = "", threads = ""] = process.argv.slice(2);
/** The longest that a call may take, in milliseconds. */
const MAX_MS = 10_000;
/** The number of times that the collector is asked for what is left. */
const COLLECTIONS = 40;

track();
if (filter !== "" && !filterCalls(filter)) {
  writeSync(1, "no filter\n");
  process.exit(0);
}

function describe(error: unknown): string {
  const { name, code = "-", syscall = "-", message } = error as Record<string, string>;
  return `${name} ${code} ${syscall} ${String(message).replaceAll("\n", " ")}`;
}

/** Makes a call, and gives what came of it. */
async function outcome(place: Place, call: (place: Place) => unknown): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("It takes too long")), MAX_MS);
    });
    const result = call(place);
    if (result instanceof Promise) await Promise.race([result, late]);
    return "ok";
  } catch (error) {
    return describe(error);
  } finally {
    clearTimeout(timer);
  }
}

/** The files and names of the calls that are open, if the system tells. */
function openFiles(): number {
  const isOwn = (path: string) => path.includes("sysalloc-probe-");
  let count = 0;
  try {
    count = readFileSync("/proc/self/maps", "utf8").split("\n").filter(isOwn).length;
    for (const descriptor of readdirSync("/proc/self/fd")) {
      try {
        if (isOwn(readlinkSync(`/proc/self/fd/${descriptor}`))) count++;
      } catch {
        // closed since
      }
    }
  } catch {
    // There is no /proc, or it cannot be read.
  }
  return count;
}

const left = () => ({ ...tracked(), files: openFiles() });
type Left = ReturnType<typeof left>;

/** The memory that is left when the collector has run. */
async function leftAfter(before?: Left): Promise<Left> {
  const isEnough = () => {
    try {
      releaseHeldRanges();
    } catch {
      // The system can refuse that
    }
    const { mappedByteLength, descriptors, files } = left();
    return before !== undefined && mappedByteLength <= before.mappedByteLength &&
      descriptors <= before.descriptors && files <= before.files;
  };
  await collectUntil(isEnough, before === undefined ? 4 : COLLECTIONS);
  return left();
}

const names = Object.keys(CALLS).filter((name) =>
  threads === "threads" || !Object.hasOwn(THREAD_CALLS, name)
);
/** Makes all calls; each line is begun before its call, so that the last one tells where it ended. */
async function round(prefix: string): Promise<void> {
  const place = new Place(folder);
  for (const name of names) {
    writeSync(1, `${prefix}${name}: `);
    writeSync(1, `${await outcome(place, CALLS[name]!)}\n`);
    for (const error of place.clear()) {
      writeSync(1, `${prefix}afterwards, ${name}: ${describe(error)}\n`);
    }
  }
}

await round("");
const before = await leftAfter();
await round("again, ");
const after = await leftAfter(before);
writeSync(1, `end: ${JSON.stringify({ calls: names.length, before, after })}\n`);
process.exit(0);
