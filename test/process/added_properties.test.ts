import { assert, assertEquals } from "@std/assert";
import { childValue } from "../support/child_processes.ts";
import { runtime, test } from "../support/harness.ts";

interface Uses {
  /** The number of names that were added. */
  readonly names: number;
  /** The places at which the library looked at one of them. */
  readonly found: readonly string[];
  readonly results: readonly (readonly [call: string, result: unknown])[];
}

const program = "added_properties.ts";
const plain = childValue<Uses>(program, { args: ["none"] });

/** The outcomes of Deno's own errors: they have no code if `Object.prototype` has one. */
const CHANGED_BY_DENO = ["a file that is not there", "the regions of no process"];

for (const [where, prototype] of [["object", "Object.prototype"], ["array", "Array.prototype"]]) {
  test(`nothing of the library sees what a program adds to ${prototype}`, async () => {
    const { names, found, results } = await childValue<Uses>(program, { args: [where!] });
    assert(names > 200);
    assertEquals(found, []);
    const changed = runtime === "deno" && where === "object" ? CHANGED_BY_DENO : [];
    const isTheSame = ([call]: readonly [string, unknown]) => !changed.includes(call);
    assertEquals(results.filter(isTheSame), (await plain).results.filter(isTheSame));
  });
}
