/**
 * What a benchmark is: a work, its sizes, and who does it.
 *
 * @module
 */

/** The runtimes that sysalloc is measured in. */
export type RuntimeName = "Deno" | "Bun" | "Node.js 26";

/** Where the works run. */
export type HostName = RuntimeName | "C" | "Rust" | "npm" | "Python" | "Java" | "wc";

/** What a contender is to sysalloc. */
export type Role =
  /** What is measured. */
  | "sysalloc"
  /** The same system calls by the runtime's FFI alone. */
  | "floor"
  /** The same in C. */
  | "c"
  /** What a user of JavaScript would take instead. */
  | "javascript"
  /** What a user of another language has. */
  | "native"
  /** What the others are seen against: it does not do the work. */
  | "nothing";

/** A process that serves rounds, on request. */
export interface Served {
  readonly by: "served";
  /** The script of `work/`, for a runtime. */
  readonly script?: string;
  /** The name of the work there. */
  readonly work: string;
}

/** A program that is run to its end for each round. */
export interface Program {
  readonly by: "program";
  /** Its arguments, for a size and a file. */
  readonly arguments: (task: Task) => readonly string[];
  /** What to read of what it printed: an answer in JSON, a number that is the checksum, or nothing. */
  readonly prints: "answer" | "checksum" | "nothing";
}

/** A number that is looked up once. */
export interface Known {
  readonly by: "known";
  readonly look: () => Promise<number>;
}

/** What a round is asked for. */
export interface Task {
  /** Of the mapping or of the file, in bytes. */
  readonly size: number;
  /** How often it does what is counted. */
  readonly operations: number;
  /** The file, where the work has one. */
  readonly path: string;
}

/** Who does a work. */
export interface Contender {
  /** What it does it with. */
  readonly name: string;
  readonly host: HostName;
  readonly role: Role;
  readonly how: Served | Program | Known;
  /** The name of what it is compared with in C, where there are several. */
  readonly c?: string;
  /** Why sysalloc should be twice as fast. */
  readonly handicap?: "copies" | "add-on";
  /** The largest size that it takes part at, in bytes, because each takes so long: by default there is none. */
  readonly upTo?: number;
  /** It does so many times fewer operations, because each takes so long. */
  readonly fewer?: (size: number) => number;
}

/** What is measured of a work. */
export interface Measure {
  /** Its name in the answers. */
  readonly key: "time" | "cpu" | "heap" | "rss" | "pause" | "size";
  readonly title: string;
  readonly unit: "ns" | "bytes";
  /** Whether it is divided by the number of operations. */
  readonly per: "operation" | "round";
}

/** What the median of sysalloc should be. */
export interface Target {
  /** Whose target it is; by default every sysalloc contender's. */
  readonly of?: string;
  readonly on?: readonly HostName[];
  readonly sizes?: (size: number) => boolean;
  readonly measure?: Measure["key"];
  /** What it is held against: C, the best JavaScript peer, a contender's name, or nothing but the number. */
  readonly against: "C" | "the best JavaScript peer" | "the number" | { readonly name: string };
  /** At most so many times as much. */
  readonly atMost?: number;
  /** At most so much more, in the measure's unit. */
  readonly atMostMore?: number;
}

/** One work, measured over sizes. */
export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** What one operation is. */
  readonly counted: string;
  /** In bytes; 0 where the work has no size. */
  readonly sizes: readonly number[];
  /** The size that `--quick` takes. */
  readonly quick: number;
  readonly operations: (size: number) => number;
  /** Which file its path is of. */
  readonly file?: "log" | "scratch" | "sparse" | "words";
  readonly contenders: readonly Contender[];
  /** By default the time. */
  readonly measures?: readonly Measure[];
  /** Beside that of being ahead of every JavaScript peer. */
  readonly targets?: readonly Target[];
  /** Whether that one does not hold, and why. */
  readonly behind?: string;
  /** How long it may take, in seconds. */
  readonly seconds: number;
}

/** Which host's building a contender needs: C in the process of a runtime needs that of C. */
export function builtFor({ host, role }: Contender): HostName {
  return role === "c" ? "C" : host;
}

/** Who takes part at a size. */
export function contendersAt({ contenders }: Benchmark, size: number): readonly Contender[] {
  return contenders.filter(({ upTo = Infinity }) => size <= upTo);
}

/** The time of an operation. */
export const TIME: Measure = { key: "time", title: "time", unit: "ns", per: "operation" };

export const KIB: number = 2 ** 10;
export const MIB: number = 2 ** 20;
export const GIB: number = 2 ** 30;

/** From 4 KiB to 1 GiB. */
export const SIZES: readonly number[] = [
  4 * KIB,
  64 * KIB,
  MIB,
  16 * MIB,
  256 * MIB,
  GIB,
];
