/**
 * A way of embedding the package.
 *
 * @module
 */

/** The runtimes that programs run in here, by their names in `package.json`. */
export type RuntimeName = "node24" | "node26" | "bun";

/** The runtimes for what Bun does not run. */
export const NODE: readonly RuntimeName[] = ["node24", "node26"];

/** The text that stands for the path of the package's tarball in a command. */
export const TARBALL = "{tarball}";
/** The text that stands for the runtime's program in a command. */
export const RUNTIME = "{runtime}";

/** A way to build and run a program that uses the package. */
export interface Embedding {
  /** Its name on the command line. */
  readonly name: string;
  /** The packages of npm that it takes, with their versions. Their commands can be used by name. */
  readonly tools?: Readonly<Record<string, string>>;
  /** Files beside those of the program, by their names. */
  readonly files?: Readonly<Record<string, string>>;
  /** True if it installs the package itself, and finds none there. */
  readonly installs?: true;
  /** Commands that build it, in its folder. */
  readonly build?: readonly (readonly string[])[];
  /** The files that are run, in another folder that has nothing but koffi. Default: all, in place. */
  readonly output?: readonly string[];
  /** The command that runs it. Default: the runtime with the first file of the output, or `main.mjs`. */
  readonly run?: readonly string[];
  /** The file that a worker starts with. Default: that of the program. */
  readonly worker?: string;
  /** The runtimes that run it. Default: all. */
  readonly runtimes?: readonly RuntimeName[];
  /** True if CI runs it. */
  readonly short?: true;
}
