/**
 * Compares a line of a row with the others.
 *
 * @module
 */
import type { Benchmark, Contender, Measure, Role } from "../catalogue/benchmark.ts";
import { isOf, type Line, type Row } from "../results.ts";
import { quartiles, ratio } from "./statistics.ts";

/** A line and another one that it is compared with. */
export interface Compared {
  readonly name: string;
  readonly ratio: number;
}

/** The comparison of a line with the others. */
export interface Judgement {
  readonly toFloor?: Compared;
  readonly toC?: Compared;
  /** Of a line of sysalloc alone. */
  readonly toBestPeer?: Compared;
}

/** A line that was measured, with its contender. */
interface Entry {
  readonly line: Line;
  readonly contender: Contender;
  readonly values: readonly number[];
}

/** Judges the lines of a row by one measure. */
export class Judge {
  readonly #entries: readonly Entry[];

  constructor({ contenders }: Benchmark, row: Row, measure: Measure) {
    this.#entries = row.lines.flatMap((line) => {
      const contender = contenders.find((contender) => isOf(line, contender));
      const values = line.rounds[measure.key];
      return contender === undefined || !values?.length ? [] : [{ line, contender, values }];
    });
  }

  /** Judges a line. */
  judge(line: Line): Judgement {
    const entry = this.#entries.find((entry) => entry.line === line);
    if (entry === undefined) return {};
    const floor = this.#floorOf(entry);
    const c = this.#cOf(entry);
    const best = this.#bestPeerOf(entry);
    return {
      ...(floor && { toFloor: compare(entry, floor) }),
      ...(c && { toC: compare(entry, c) }),
      ...(best && { toBestPeer: compare(entry, best) }),
    };
  }

  /** The sysalloc of a runtime that is best by the measure. */
  bestIn(host: Line["host"]): Line | undefined {
    return best(
      this.#entries.filter(({ line }) => line.role === "sysalloc" && line.host === host),
    )?.line;
  }

  /** The same calls by the FFI alone, or else a reference without sysalloc's part. */
  #floorOf({ line }: Entry): Entry | undefined {
    if (line.role !== "sysalloc") return undefined;
    const inSame = (role: Role) =>
      this.#entries.find((entry) => entry.line.role === role && entry.line.host === line.host);
    return inSame("floor") ?? inSame("nothing");
  }

  /** The same in C, in the same process if it runs there. */
  #cOf({ line, contender: { c = "C" } }: Entry): Entry | undefined {
    if (line.role !== "sysalloc" && line.role !== "javascript" && line.role !== "native") return;
    const all = this.#entries.filter((entry) => {
      const { name, role } = entry.contender;
      return role === "c" && (name === c || name === `${c}, in the process`);
    });
    return all.find((entry) => entry.line.host === line.host) ??
      all.find((entry) => entry.line.host === "C");
  }

  /** The best that runs in the same runtime, or has an add-on for one. */
  #bestPeerOf({ line }: Entry): Entry | undefined {
    if (line.role !== "sysalloc") return undefined;
    return best(
      this.#entries.filter(({ contender: { host, role } }) =>
        role === "javascript" && (host === line.host || host === "npm")
      ),
    );
  }
}

function best(entries: readonly Entry[]): Entry | undefined {
  const medians = entries.map(({ values }) => quartiles(values).median);
  return entries[medians.indexOf(Math.min(...medians))];
}

function compare({ values }: Entry, other: Entry): Compared {
  return { name: other.line.name, ratio: ratio(values, other.values) };
}
