/**
 * The step of options, and the options of mappings.
 *
 * @module
 */
import { MmapOptions } from "../../mod.ts";
import { platform } from "../support/harness.ts";
import { bad, countErrors, type Errors, throws, withGetter, words } from "./arguments.ts";
import type { Step, World } from "./sequence.ts";
import { GRANULE, PAGE } from "./world.ts";

const FLAGS = ["populate", "noReserve", "strict", "truncationGuard"] as const;
const LABELS: readonly unknown[] = ["a", "a label, of 1.5", "~".repeat(79)];
const BAD_LABELS: readonly unknown[] = ["", "a`", "[a]", "\u00e9", "\n", "a".repeat(80)];

/** A setting, with the errors that it must throw. */
export interface Wanted {
  readonly settings: Record<string, unknown>;
  readonly errors: Errors;
}

/** Options, now and then bad ones. */
export function wanted(a: number, b: number): Wanted {
  const settings: Record<string, unknown> = {
    len: PAGE * (1 + a % 5) - [0, 0, 0, 1, 100][b % 5]!,
  };
  const errors: Errors = [];
  FLAGS.forEach((flag, index) => {
    if (((a >> 3) & (1 << index)) !== 0 && b % 3 === 0) settings[flag] = true;
  });
  if (b % 4 === 0 && a % 3 === 0) settings["truncationGuard"] = false;
  switch ((b >> 3) % 48) {
    case 0: {
      const name = ["len", "offset", "hint", "guard"][a % 4]!;
      let value = bad(a >> 2);
      // Wine takes addresses beyond the address space, and maps nothing there.
      if (platform === "win32" && name === "hint" && value === 2n ** 53n) value = -1n;
      settings[name] = value;
      errors.push(...(name === "hint" ? addressErrors(value) : countErrors(value)));
      break;
    }
    case 1: {
      const value = bad(a >> 2);
      settings[FLAGS[a % FLAGS.length]!] = value;
      if (typeof value !== "boolean") errors.push("TypeError");
      break;
    }
    case 2:
      settings["lenght"] = 1;
      errors.push("TypeError");
      break;
    case 3:
      settings["hint"] = 2n ** 64n - 1n;
      settings["len"] = 2 * PAGE;
      errors.push("RangeError");
      break;
    case 4:
      settings["len"] = BigInt(settings["len"] as number);
      break;
    case 5:
    case 6:
    case 7:
    case 8:
      settings["align"] = [0, GRANULE, 2 * GRANULE, 16 * GRANULE, BigInt(GRANULE)][a % 5];
      if (a % 3 === 0) settings["guard"] = PAGE;
      break;
    case 9:
    case 10:
    case 11:
    case 12:
      settings["guard"] = [0, 1, PAGE, PAGE + 1, 2 * GRANULE, BigInt(PAGE)][a % 6];
      break;
    case 13: {
      const value = a % 2 === 0 ? 3 * PAGE : bad(a >> 2);
      settings["align"] = value;
      errors.push(...countErrors(value));
      if (errors.length === 0 && !Number.isInteger(Math.log2(Number(value)))) {
        errors.push("RangeError");
      }
      break;
    }
    case 14:
    case 15:
    case 16:
      settings["name"] = LABELS[a % LABELS.length];
      break;
    case 20:
    case 21:
      settings["stack"] = a % 4 !== 0 || bad(a >> 2);
      if (typeof settings["stack"] !== "boolean") errors.push("TypeError");
      break;
    case 17: {
      const value = a % 2 === 0 ? BAD_LABELS[(a >> 1) % BAD_LABELS.length] : bad(a >> 2);
      settings["name"] = value;
      errors.push(typeof value === "string" && value !== "1" ? "RangeError" : "TypeError");
      if (value === "1") errors.length = 0;
      break;
    }
    case 18:
      settings["huge"] = [true, 2 ** 21, 2 ** 30, 2n ** 21n, GRANULE][a % 5];
      break;
    case 19: {
      const value = a % 2 === 0 ? 3 * PAGE : bad(a >> 2);
      settings["huge"] = value;
      if (typeof value !== "boolean") errors.push(...countErrors(value));
      if (typeof value !== "boolean" && errors.length === 0) errors.push("RangeError");
    }
  }
  return { settings, errors };
}

function addressErrors(value: unknown): Errors {
  if (typeof value === "bigint") return value < 0n || value >= 2n ** 64n ? ["RangeError"] : [];
  return countErrors(value);
}

/** Makes options in one of both styles. */
export function makeOptions(settings: Record<string, unknown>, bySetters: boolean): MmapOptions {
  if (!bySetters) return new MmapOptions(settings);
  const setters: Record<string, string> = { hint: "withHint" };
  let options = new MmapOptions();
  for (const [name, value] of Object.entries(settings)) {
    const setter = setters[name] ?? name;
    // deno-lint-ignore no-explicit-any
    const before = options as any;
    if (typeof before[setter] !== "function") throw new TypeError("There is no such setter");
    options = setter === "huge" && value === true ? before.huge() : before[setter](value);
    if (!Object.isFrozen(options) || options === before) throw new Error("No new options");
  }
  return options;
}

/** Makes options that are not used. */
export function options(world: World, _index: number, [, , a, b, c]: Step): void {
  if (c % 16 === 0) {
    const init = withGetter(["len", "hint", "strict"][a % 3]!, throws);
    world.call("new MmapOptions({ get … })", ["Thrown"], () => new MmapOptions(init));
    return;
  }
  if (c % 16 === 1) {
    const init = [null, 1, "len", Symbol("init")][a % 4] as never;
    world.call("new MmapOptions(not an object)", ["TypeError"], () => new MmapOptions(init));
    return;
  }
  const { settings, errors } = wanted(a, b);
  const made = world.call(
    `options ${named(settings)}`,
    errors,
    () => makeOptions(settings, c % 2 === 0),
  );
  if (made === undefined) return;
  for (const [name, value] of Object.entries(settings)) {
    const actual = made.settings[name as keyof typeof made.settings];
    if (actual != value) throw new Error(`The option ${name} is ${actual}, set to ${value}`);
  }
  String(made);
}

/** Words options. */
export function named(settings: Record<string, unknown>): string {
  return Object.entries(settings).map(([name, value]) => `${name}: ${words(value)}`).join(", ");
}
