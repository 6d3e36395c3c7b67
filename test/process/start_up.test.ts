import { assertEquals } from "@std/assert";
import { childValue } from "../support/child_processes.ts";
import { runtime, test } from "../support/harness.ts";

test("importing the module looks at no global that a runtime loads lazily; in Deno first memory and files do neither", async () => {
  const { byImport, byUse, first } = await childValue<{
    readonly byImport: readonly string[];
    readonly byUse: readonly string[];
    readonly first: number;
  }>("core_path.ts");
  assertEquals(first, "/".charCodeAt(0));
  assertEquals(byImport, []);
  // The others have their FFI, and their files, by modules that look at globals of their own.
  if (runtime === "deno") assertEquals(byUse, []);
});
