/**
 * The parts of a benchmark: a work, its sizes, and its contenders.
 *
 * @module
 */

/** The runtimes that sysalloc is measured in. */
export type RuntimeName = "Deno" | "Bun" | "Node.js 26";

/** The hosts that run works. */
export type HostName = RuntimeName | "C" | "Rust" | "npm" | "Python" | "Java" | "wc" | "ripgrep";

/** The role of a contender beside sysalloc. */
export type Role =
  /** The measured library. */
  | "sysalloc"
  /** The same system calls by the runtime's FFI alone. */
  | "floor"
  /** The same in C. */
  | "c"
  /** An alternative for a user of JavaScript. */
  | "javascript"
  /** The same in another language. */
  | "native"
  /** A reference that does not do the work. */
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
  /** Its output: an answer in JSON, a number that is the checksum, or nothing to be read. */
  readonly prints: "answer" | "checksum" | "nothing";
}

/** A number that is looked up once. */
export interface Known {
  readonly by: "known";
  readonly look: () => Promise<number>;
}

/** The task of a round. */
export interface Task {
  /** Of the mapping or of the file, in bytes. */
  readonly size: number;
  /** The number of operations. */
  readonly operations: number;
  /** The file, where the work has one. */
  readonly path: string;
}

/** A contender: it does a work. */
export interface Contender {
  /** The name of its means. */
  readonly name: string;
  readonly host: HostName;
  readonly role: Role;
  readonly how: Served | Program | Known;
  /** The name of what it is compared with in C, where there are several. */
  readonly c?: string;
  /** The reason why it cannot take part, if there is one. */
  readonly unavailable?: string | undefined;
  /** The largest size that it takes part at, in bytes, because each takes so long: by default there is none. */
  readonly upTo?: number;
  /** It does so many times fewer operations, because each takes so long. */
  readonly fewer?: (size: number) => number;
}

/** A measure of a work. */
export interface Measure {
  /** Its name in the answers. */
  readonly key: "time" | "cpu" | "memory" | "query" | "p99" | "heap" | "rss" | "pause" | "size";
  readonly title: string;
  readonly unit: "ns" | "bytes";
  /** Its divisor: the number of operations, or one. */
  readonly per: "operation" | "round";
}

/** The contents of a file. */
export type FileKind =
  | "log"
  | "scratch"
  | "sparse"
  | "words"
  | "safetensors"
  | "arrow"
  | "vectors"
  | "short files";

/** One work, measured over sizes. */
export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** The meaning of one operation. */
  readonly counted: string;
  /** In bytes; 0 where the work has no size. */
  readonly sizes: readonly number[];
  /** The size that `--quick` takes. */
  readonly quick: number;
  readonly operations: (size: number) => number;
  /** The kind of its file. */
  readonly file?: FileKind;
  readonly contenders: readonly Contender[];
  /** By default the time. */
  readonly measures?: readonly Measure[];
  /** The reason why a JavaScript peer is ahead of sysalloc, if one is. */
  readonly behind?: string;
  /** Its share of the time, in seconds. */
  readonly seconds: number;
  /** Of a job: whole programs, each round of which has a process of its own. */
  readonly job?: Job;
  /** True if it needs the npm package of sysalloc. */
  readonly usesPackage?: true;
}

/** The needs of a job, by which its size shrinks where the machine is small. */
export interface Job {
  /** The memory that the hungriest contender takes, and the file in the system's cache: in sizes. */
  readonly memory: number;
}

/** The hosts that benchmarks need. */
export function hostsOf(benchmarks: readonly Benchmark[]): ReadonlySet<HostName> {
  const contenders = benchmarks.flatMap(({ contenders }) => contenders);
  return new Set(contenders.flatMap((contender) => [contender.host, builtFor(contender)]));
}

/** The host that must be built for a contender: C in the process of a runtime needs that of C. */
export function builtFor({ host, role }: Contender): HostName {
  return role === "c" ? "C" : host;
}

/** The contenders at a size. */
export function contendersAt({ contenders }: Benchmark, size: number): readonly Contender[] {
  return contenders.filter(({ upTo = Infinity }) => size <= upTo);
}

/** The time of an operation. */
export const TIME: Measure = { key: "time", title: "time", unit: "ns", per: "operation" };
/** The longest turn of the event loop. */
export const PAUSE: Measure = { key: "pause", title: "longest pause", unit: "ns", per: "round" };

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
