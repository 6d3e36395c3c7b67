// Gives the package values of Jest's sandbox, which is a realm of its own, under timers that
// are fake before the package is imported. Bundled with the table.
import { FOREIGN } from "../../../../test/support/foreign_values.ts";

const { jest } = import.meta;
const { test } = globalThis;

jest.useFakeTimers();
const library = await import("sysalloc");

const path = new URL(import.meta.url).pathname;
const value = (source) => (0, eval)(`(${source})`);
for (const [name, check] of Object.entries(FOREIGN)) {
  test(name, () => check({ library, path, value }));
}

test("prefault() ends", async () => {
  await new library.MmapOptions({ len: 2 ** 26 }).mapAnon().prefault();
});
