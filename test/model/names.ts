/**
 * The names of shared memory that sequences use, the step that removes them, and
 * what mapping one must come to.
 *
 * @module
 */
import { removeShared } from "../../mod.ts";
import { platform } from "../support/harness.ts";
import { countErrors, type Errors, throws, withGetter, words } from "./arguments.ts";
import type { Take } from "./sequence.ts";
import { PAGE, type TestFile } from "./world.ts";

const NAMES = 3;
const MODES = ["open", "create", "open-or-create"] as const;
const BAD_NAMES: readonly (readonly [name: unknown, error: string])[] = [
  ["", "RangeError"],
  ["/", "RangeError"],
  ["..", "RangeError"],
  ["a/b", "RangeError"],
  ["//a", "RangeError"],
  ["a\\b", "RangeError"],
  ["a\0", "RangeError"],
  ["\udfff", "RangeError"],
  ["a".repeat(256), "RangeError"],
  [undefined, "TypeError"],
  [null, "TypeError"],
  [7, "TypeError"],
  [{}, "TypeError"],
  [Symbol("name"), "TypeError"],
];
const BAD_OPTIONS: readonly (readonly [options: unknown, error: string])[] = [
  [null, "TypeError"],
  ["create", "TypeError"],
  [{ mod: "open" }, "TypeError"],
  [{ mode: 1 }, "TypeError"],
  [{ mode: null }, "TypeError"],
  [{ mode: "OPEN" }, "RangeError"],
  [withGetter("mode", throws), "Thrown"],
];

/** A mapping that is asked for. */
export interface Wish {
  readonly name: unknown;
  readonly options: unknown;
  /** The source of the mapping, if it can be made. */
  readonly file: TestFile;
}

/** The memory of each name. */
export class Names {
  readonly #there: Map<string, TestFile> = new Map();
  #count = 0;

  /** A name that others of this model do not have at the same time. */
  #nameOf(n: number): string {
    // On Windows nobody knows when a name is gone: each is used once.
    return `sysalloc-model-${process.pid}-${platform === "win32" ? ++this.#count : n % NAMES}`;
  }

  /** Chooses what to map, and adds what that must throw. */
  choose(a: number, c: number, settings: Record<string, unknown>, errors: Errors): Wish {
    const mode = MODES[a % 3]!;
    let name: unknown = this.#nameOf(c);
    const there = this.#there.get(name as string);
    if (a % 5 === 0 && errors.length === 0) delete settings["len"];
    const len = settings["len"] ?? 0;
    const byteLength = countErrors(len).length === 0 ? Number(len) : 0;
    if (there === undefined && mode === "open") errors.push("ENOENT");
    else if (mode === "create" && byteLength === 0) errors.push("RangeError");
    else if (there === undefined && byteLength === 0) errors.push("RangeError");
    else if (there !== undefined && mode === "create") errors.push("EEXIST");
    else if (there !== undefined && byteLength > there.bytes.length) errors.push("RangeError");
    let options: unknown = mode === "open" && a % 2 === 0 ? undefined : { mode };
    if (c % 24 === 0) {
      const [bad, error] = BAD_NAMES[(c >> 5) % BAD_NAMES.length]!;
      name = bad;
      errors.push(error);
    } else if (c % 24 === 1) {
      const [bad, error] = BAD_OPTIONS[(c >> 5) % BAD_OPTIONS.length]!;
      options = bad;
      errors.push(error);
    } else if (c % 24 === 2) name = `/${name}`;
    // On Windows it is whole pages.
    const whole = platform === "win32" ? Math.ceil(byteLength / PAGE) * PAGE : byteLength;
    const initial = new Uint8Array(0);
    const path = String(name).replace("/", "");
    const file = there ?? { path, fd: -1, initial, bytes: new Uint8Array(whole), isDirty: false };
    return { name, options, file };
  }

  /** Notes that it was mapped: it is there now. */
  mapped({ file }: Wish): void {
    this.#there.set(file.path, file);
  }

  /** Removes one, or tries to. */
  remove(world: Parameters<Take>[0], a: number, b: number): void {
    let name: unknown = this.#nameOf(a);
    const errors: Errors = [];
    if (b % 8 === 0) {
      const [bad, error] = BAD_NAMES[(b >> 3) % BAD_NAMES.length]!;
      name = bad;
      errors.push(error);
    } else if (platform !== "win32" && !this.#there.delete(name as string)) errors.push("ENOENT");
    world.call(`removeShared(${words(name)})`, errors, () => removeShared(name as string));
  }

  /** Removes all. */
  clear(): void {
    for (const name of this.#there.keys()) {
      try {
        removeShared(name);
      } catch {
        // It was not there: the model was wrong, and has said so.
      }
    }
    this.#there.clear();
  }
}

export const remove: Take = (world, _index, [, , a, b]) => world.names.remove(world, a, b);
