import { assert } from "@std/assert";
import "node:crypto"; // here, because Bun's modules take the globals that there are when they load
import process from "node:process";
import "node:util";
import { createContext, runInContext } from "node:vm";
import * as library from "../../mod.ts";
import { FOREIGN } from "../support/foreign_values.ts";
import { test, use } from "../support/harness.ts";
import { pattern, TempFolder } from "../support/temp_files.ts";

// Jest runs the same table: scripts/tools/smoke/realms.ts.

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

test("all works where a sandbox lacks what is not the language's, as Jest's with jsdom does", () => {
  const { Mmap, MmapOptions, regions, removeShared } = library;
  const path = use(new TempFolder()).file("file", pattern(32));
  const name = `realms-${process.pid}-${Date.now()}`;
  const hidden = ["TextEncoder", "TextDecoder", "crypto"].map((key) =>
    [key, Object.getOwnPropertyDescriptor(globalThis, key)!] as const
  );
  try {
    for (const [key] of hidden) Object.defineProperty(globalThis, key, { value: undefined });
    new MmapOptions().map(path).unmap();
    new MmapOptions({ len: 64 }).mapShared(name, { mode: "create" }).unmap();
    removeShared(name);
    const mmap = new MmapOptions({ len: 64 }).mapAnon();
    Mmap.fromTicket(mmap.share()).unmap();
    assert(regions().length > 0);
    mmap.unmap();
  } finally {
    for (const [key, former] of hidden) Object.defineProperty(globalThis, key, former);
  }
});
