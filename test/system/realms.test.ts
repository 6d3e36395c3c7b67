import { createContext, runInContext } from "node:vm";
import * as library from "../../mod.ts";
import { FOREIGN } from "../support/foreign_values.ts";
import { test, use } from "../support/harness.ts";
import { pattern, TempFolder } from "../support/temp_files.ts";

// Jest runs the same table: scripts/smoke/jest.ts.

// Opened before the tests: Deno counts a library that a test opens as a leak.
await new library.MmapOptions({ len: 4 }).mapAnon().prefault();
library.regions({ resident: true });

const context = createContext({});

for (const [name, check] of Object.entries(FOREIGN)) {
  test(`of another realm: ${name}`, async () => {
    const path = use(new TempFolder()).file("file", pattern(32));
    await check({ library, path, value: (source) => runInContext(source, context) as never });
  });
}
