/**
 * Judges a run of the probe: `test/children/probe.ts` prints a line for each call.
 *
 * @module
 */

/** The end of a program. */
export interface Ending {
  readonly code: number;
  readonly timedOut: boolean;
  readonly output: string;
  /** Its standard error. */
  readonly errors: string;
}

/** Leaks by kind: see `test/children/probe.ts`. */
type Left = Readonly<Record<"mappedByteLength" | "descriptors" | "files", number>>;

/** The judgement of a run. */
export interface Verdict {
  /** The numbers of calls that worked and that were refused; each is made twice. */
  readonly worked: number;
  readonly refused: number;
  /** The faults that were found. */
  readonly faults: readonly string[];
  /** True if the program came to its end. */
  readonly hasEnded: boolean;
}

/** A line other than `ok`: the class, the code, the system call, and the message. */
const OUTCOME = /^(\S+) (\S+) (\S+) ([^]*)$/;

/** V8's message when it ends the process because a call of its own for its pages was refused. */
const ENGINE = /Check failed: (?:0 == ret|12 == \(\*__errno_location)/;

/** True if the engine ended the program. */
export function isEndedByEngine({ code, errors }: Ending): boolean {
  return code !== 0 && ENGINE.test(errors);
}

/**
 * Judges the lines that were printed; `keeps` is what cannot be given back there, and `lastCode`
 * what the runtime ends with by itself.
 */
export function judge(
  { code, timedOut, output, errors }: Ending,
  keeps: readonly (keyof Left)[] = [],
  lastCode: number = 0,
): Verdict {
  const lines = output.split("\n").filter((line) => line !== "");
  const faults: string[] = [];
  let [worked, refused] = [0, 0];
  let end: { readonly before: Left; readonly after: Left } | undefined;
  let open = "before its first line";
  for (const line of lines) {
    const colon = line.indexOf(": ");
    const [name, outcome] = [line.slice(0, colon), line.slice(colon + 2)];
    if (colon === -1) continue;
    if (name === "end") {
      end = JSON.parse(outcome);
      break;
    }
    open = outcome === "" ? `in ${name}` : `after ${name}`;
    if (outcome === "ok") worked++;
    else if (outcome !== "" && OUTCOME.test(outcome)) {
      if (outcome.startsWith("Unprepared ")) continue;
      const fault = faultOf(name, outcome);
      if (fault === undefined) refused++;
      else faults.push(fault);
    }
  }
  const hasEnded = end !== undefined && [0, lastCode].includes(code) && !timedOut;
  if (timedOut) faults.push(`hangs ${open}`);
  else if (!hasEnded) faults.push(`ends with ${code} ${open}: ${errors.trim().slice(-400)}`);
  if (end !== undefined) {
    for (const key of Object.keys(end.after) as (keyof Left)[]) {
      const grown = end.after[key] - end.before[key];
      if (grown > 0 && !keeps.includes(key)) faults.push(`leaks ${grown} (${key})`);
    }
  }
  return { worked, refused, faults, hasEnded };
}

/** The fault of a refusal, if there is one. */
function faultOf(name: string, outcome: string): string | undefined {
  const { 1: error = "", 2: code = "" } = OUTCOME.exec(outcome)!;
  const isWrong = name.replace("again, ", "").startsWith("wrong ");
  const isRight = error === "MmapError"
    ? code !== "UNKNOWN" && code !== "-"
    : isWrong && ["TypeError", "RangeError"].includes(error);
  return isRight ? undefined : `${name}: ${outcome}`;
}
