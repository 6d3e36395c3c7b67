// Runs test files together: node test/support/in_one.mjs FILE..., deno test -A test/support/in_one.mjs -- FILE...
//
// The runner of `node --test` has a process for each file, and reads what it says
// in pieces. Where a piece ends within the first bytes of a message, it waits for
// ever (https://github.com/nodejs/node/issues/62693), or loses the tests that follow.
// Deno loads all of the library again for each file, which takes an emulator minutes.
import process from "node:process";
import test from "node:test";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

// Node.js begins with the first tests while other files are still being loaded, which
// look at the system: harness.ts has the tests wait for all, as one of them can have
// put another system in its place.
let finish;
globalThis[Symbol.for("sysalloc.loading")] = new Promise((resolve) => finish = resolve);
for (const file of process.argv.slice(2)) {
  try {
    await import(pathToFileURL(resolve(file)));
  } catch (error) {
    // Deno does not tell of what is thrown beside the tests of node:test.
    test(`${file} is loaded`, () => {
      throw error;
    });
  }
}
finish();
