/**
 * Sequences of calls: how they are made of numbers, and how one is taken and
 * compared with the model after every step.
 *
 * @module
 */
import { collectGarbage } from "../support/harness.ts";
import { randomNumbers } from "../support/random.ts";
import type { Errors } from "./arguments.ts";
import { EngineMappings } from "./engine.ts";
import { STEPS } from "./steps.ts";
import { Files } from "./files.ts";
import { Large } from "./large.ts";
import { Names } from "./names.ts";
import type { Stranger } from "./stranger.ts";
import { checkKept, type Kept, Mismatch, nameOf, type Slot } from "./world.ts";

/** A call: its name, and numbers that choose the slot and the arguments. */
export type Step = readonly [verb: string, slot: number, a: number, b: number, c: number];

/** Makes a call in a slot. */
export type Take = (world: World, index: number, step: Step) => void | Promise<void>;

/** The same where there must be a handle. */
export type TakeSlot = (
  world: World,
  slot: Slot,
  step: Step,
  name: string,
) => void | Promise<void>;

const SLOTS = 3;
/** The most views of dropped handles that are kept. */
const MAX_ORPHANS = 16;

/** Calls that emulators of processors treat in their own way. */
const NOT_EMULATED: readonly string[] = [
  "advise",
  "lock",
  "unlock",
  "resident",
  "prefault",
  "truncate",
];

/** Steps that need another thread, and how often each is taken. */
const WITH_STRANGER: readonly string[] = [...Array<string>(8).fill("lend"), "recall"];

/** The verbs, each as often as it is to be chosen. */
export function verbs(isEmulated: boolean, hasStranger = false): readonly string[] {
  const all = Object.entries(STEPS).flatMap(([verb, { weight }]) =>
    isEmulated && NOT_EMULATED.includes(verb) ? [] : Array<string>(weight).fill(verb)
  );
  return hasStranger ? [...all, ...WITH_STRANGER] : all;
}

const VERBS = verbs(false);
const VERBS_WITH_STRANGER = verbs(false, true);
/** The average number of steps between two forced collections; at most 65,536. */
const COLLECT_EVERY = 20_000;

/** Some mappings, files, and what is known of them. */
export class World {
  readonly files: Files = new Files();
  /** The names of shared memory. */
  readonly names: Names = new Names();
  readonly slots: (Slot | undefined)[] = [];
  readonly orphans: Kept[] = [];
  /** A mapping that is longer than one buffer is. */
  readonly large: Large = new Large();
  /** Files in WebAssembly memories. */
  readonly engine: EngineMappings = new EngineMappings();
  /** True if the processor is emulated. */
  readonly isEmulated: boolean;
  /** Another thread, where there is one. */
  stranger: Stranger | undefined;
  /** True if the last call was refused because another thread can have the memory. */
  wasBusy = false;
  calls = 0;
  /** Told every call, and how it ended. */
  trace: ((line: string) => void) | undefined;

  constructor(isEmulated = false) {
    this.isEmulated = isEmulated;
  }

  /** Calls the library, and checks how it ends: with one of `errors`, or well where there is none; `allowed` may come too. */
  call<T>(name: string, errors: Errors, body: () => T, allowed: Errors = NONE): T | undefined {
    this.calls++;
    this.trace?.(name);
    this.wasBusy = false;
    let value: T;
    try {
      value = body();
    } catch (error) {
      const outcome = nameOf(error);
      this.trace?.(`  ${outcome}`);
      this.wasBusy = outcome === "EBUSY" && !errors.includes(outcome);
      if (errors.includes(outcome) || allowed.includes(outcome)) return undefined;
      const detail = error instanceof Error ? `: ${error.message}` : "";
      throw new Mismatch("outcome", `${name} ended with ${outcome}${detail}; ${expected(errors)}`);
    }
    if (errors.length === 0) return value;
    throw new Mismatch("outcome", `${name} returned; ${expected(errors)}`);
  }

  keep(kept: Kept, slot: Slot): void {
    if (slot.kept.length >= 4) slot.kept.shift();
    slot.kept.push(kept);
  }

  /** Forgets a handle, and keeps its views: they must stay as they are. */
  drop(index: number): void | Promise<void> {
    const slot = this.slots[index];
    // The library leaves it to the new owner of its buffer, whom only unmap() knows.
    // And what can lose its pages is viewed by nobody whom nobody knows.
    if (slot?.model.isTransferred || slot?.model.file === this.files.fragile) {
      return STEPS["unmap"]!.take(this, index, ["unmap", index, 0, 0, 0]);
    }
    this.slots[index] = undefined;
    for (const kept of slot?.kept ?? []) if (!kept.isStale) this.orphans.push(kept);
    while (this.orphans.length > MAX_ORPHANS) checkKept(this.orphans.shift()!);
  }

  checkOrphans(): void {
    for (const kept of this.orphans) checkKept(kept);
  }

  /** Takes a sequence, from an empty world to an empty world. */
  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      const [verb, slot] = step;
      const pending = STEPS[verb]!.take(this, slot % SLOTS, step);
      if (pending !== undefined) await pending;
    }
    this.end();
  }

  /** Checks all, unmaps all, and makes the files as they were. */
  end(): void {
    this.recall();
    this.large.end(this);
    this.engine.end(this);
    this.checkOrphans();
    this.orphans.length = 0;
    for (let index = 0; index < SLOTS; index++) {
      if (this.slots[index] === undefined) continue; // where a step would fill it
      STEPS["check"]!.take(this, index, ["check", index, 0, 0, 0]);
      STEPS["unmap"]!.take(this, index, ["unmap", index, 0, 0, 0]);
    }
    this.names.clear();
    this.files.restore();
  }

  /** Forgets all, where a sequence ended early. */
  clear(): void {
    try {
      this.recall();
    } catch {
      // It was told before.
    }
    this.orphans.length = 0;
    this.slots.length = 0;
    this.large.clear();
    this.engine.clear();
    this.names.clear();
    for (const file of this.files.all) file.isDirty = true;
    try {
      this.files.restore();
    } catch {
      // It was not compared.
    }
  }

  /** Has the other thread give all back that it was lent. */
  recall(): void {
    if (this.stranger === undefined) return;
    this.stranger.recall();
    for (const slot of this.slots) if (slot !== undefined) slot.model.isLent = false;
  }

  async collect(): Promise<void> {
    await collectGarbage();
    this.checkOrphans();
  }
}

const NONE: Errors = [];

function expected(errors: Errors): string {
  return errors.length === 0 ? "it must succeed" : `it must throw ${errors.join(" or ")}`;
}

/** The sequence of a number: the same one each time. */
export function sequenceOf(
  seed: number,
  index: number,
  length: number,
  hasStranger = false,
): Step[] {
  const verbs = hasStranger ? VERBS_WITH_STRANGER : VERBS;
  const state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  const random = randomNumbers(state);
  const next = (): number => random() % 65536;
  return Array.from({ length }, () => {
    const verb = next() % COLLECT_EVERY === 0 ? "collect" : verbs[next() % verbs.length]!;
    return [verb, next(), next(), next(), next()];
  });
}
