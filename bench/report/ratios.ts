/**
 * Compares a line of a row with the others: its ratios and its targets.
 *
 * @module
 */
import type { Benchmark, Contender, Measure, Role, Target } from "../catalogue/benchmark.ts";
import { isOf, type Line, type Row } from "../results.ts";
import { difference, quartiles, ratio } from "./statistics.ts";

/** A line and another one that it is compared with. */
export interface Compared {
  readonly name: string;
  readonly ratio: number;
}

/** A target and what became of it. */
export interface Verdict {
  readonly target: Target;
  /** The name of the contender that it is held against. */
  readonly against: string;
  readonly value: number;
  readonly isMet: boolean;
}

/** The comparison of a line with the others. */
export interface Judgement {
  readonly toFloor?: Compared;
  /** Of a line of sysalloc alone. */
  readonly toBestPeer?: Compared;
  readonly verdicts: readonly Verdict[];
}

/** A line that was measured, with its contender. */
interface Entry {
  readonly line: Line;
  readonly contender: Contender;
  readonly values: readonly number[];
}

/** Judges the lines of a row by one measure. */
export class Judge {
  readonly #benchmark: Benchmark;
  readonly #row: Row;
  readonly #measure: Measure;
  readonly #entries: readonly Entry[];

  constructor(benchmark: Benchmark, row: Row, measure: Measure) {
    this.#benchmark = benchmark;
    this.#row = row;
    this.#measure = measure;
    this.#entries = row.lines.flatMap((line) => {
      const contender = benchmark.contenders.find((contender) => isOf(line, contender));
      const values = line.rounds[measure.key];
      return contender === undefined || !values?.length ? [] : [{ line, contender, values }];
    });
  }

  /** Judges a line. */
  judge(line: Line): Judgement {
    const entry = this.#entries.find((entry) => entry.line === line);
    if (entry === undefined) return { verdicts: [] };
    const floor = this.#floorOf(entry);
    const best = line.role === "sysalloc" ? this.#bestPeer(entry) : undefined;
    return {
      ...(floor && { toFloor: compare(entry, floor) }),
      ...(best && { toBestPeer: compare(entry, best) }),
      verdicts: line.role === "sysalloc" ? this.#verdicts(entry) : [],
    };
  }

  /** The same calls by the FFI alone; or else in C; or else what sysalloc is seen against. */
  #floorOf(entry: Entry): Entry | undefined {
    if (entry.line.role === "floor") return undefined;
    const inSame = (role: Role) =>
      this.#entries.find(({ line }) => line.role === role && line.host === entry.line.host);
    return inSame("floor") ?? this.#cOf(entry) ??
      (entry.line.role === "sysalloc" ? inSame("nothing") : undefined);
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

  /** The fastest that runs in the same runtime, or has an add-on for one. */
  #bestPeer(
    { line }: Entry,
    isMeant: (contender: Contender) => boolean = () => true,
  ): Entry | undefined {
    return best(this.#entries.filter((entry) => {
      const { host, role } = entry.contender;
      return role === "javascript" && (host === line.host || host === "npm") &&
        isMeant(entry.contender);
    }));
  }

  #verdicts(entry: Entry): Verdict[] {
    const declared = this.#benchmark.targets ?? [];
    return [...this.#common(entry), ...declared].flatMap((target) => this.#verdict(entry, target));
  }

  /** Ahead of every JavaScript peer, and twice as fast where an add-on or a copy stands against it. */
  #common(entry: Entry): Target[] {
    const { key } = this.#measure;
    if (this.#benchmark.behind !== undefined || key === "heap") return [];
    const own = this.#entries.filter(({ line }) =>
      line.role === "sysalloc" && line.host === entry.line.host
    );
    if (best(own) !== entry) return [];
    const peer = this.#bestPeer(entry);
    const handicapped = this.#bestPeer(entry, ({ handicap }) => handicap !== undefined);
    const targets: Target[] = [];
    if (peer !== undefined && peer !== handicapped) {
      targets.push({ against: { name: peer.line.name }, measure: key, atMost: 1 });
    }
    if (handicapped !== undefined && key === "time") {
      targets.push({ against: { name: handicapped.line.name }, measure: key, atMost: 1 / 2 });
    }
    return targets;
  }

  #verdict(entry: Entry, target: Target): Verdict[] {
    const { host } = entry.line;
    const holds = (target.of ?? entry.line.name) === entry.line.name &&
      (target.on?.includes(host) ?? true) && (target.sizes?.(this.#row.size) ?? true) &&
      (target.measure ?? "time") === this.#measure.key;
    if (!holds) return [];
    if (target.against === "the number") {
      const value = quartiles(entry.values).median;
      return [{ target, against: "", value, isMet: value <= target.atMost! }];
    }
    const other = this.#other(entry, target.against);
    if (other === undefined) return [];
    const value = target.atMostMore === undefined
      ? ratio(entry.values, other.values)
      : difference(entry.values, other.values);
    const isMet = value <= (target.atMostMore ?? target.atMost!);
    return [{ target, against: other.line.name, value, isMet }];
  }

  #other(entry: Entry, against: Exclude<Target["against"], "the number">): Entry | undefined {
    if (against === "C") return this.#cOf(entry);
    if (against === "the best JavaScript peer") return this.#bestPeer(entry);
    const named = this.#entries.filter(({ line }) => line.name === against.name);
    return named.find(({ line }) => line.host === entry.line.host) ?? named[0];
  }
}

function best(entries: readonly Entry[]): Entry | undefined {
  const medians = entries.map(({ values }) => quartiles(values).median);
  return entries[medians.indexOf(Math.min(...medians))];
}

function compare({ values }: Entry, other: Entry): Compared {
  return { name: other.line.name, ratio: ratio(values, other.values) };
}
