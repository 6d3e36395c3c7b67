/**
 * Other copies of the guard in the same process.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { host } from "../../ffi/host.ts";
import type { TruncationGuard } from "../../ffi/os/contract/truncation_guard.ts";
import { openLibrary } from "../../ffi/library.ts";
import { sourceUrl } from "../support/harness.ts";
import { actionOf, delayingHandler, mapFile, PAGE, setAction, viewOf } from "./mapped_file.ts";
import { type Cases, firsts, guard, SIGBUS, startWorker } from "./process.ts";

/** Installs this module's handler and another one, and lets both have faults. */
async function besideAnother(place: "below" | "above"): Promise<unknown> {
  const original = actionOf(SIGBUS).handler;
  const other = place === "below" ? await guardOfCopy(true) : undefined;
  const own = guard();
  const last = other ?? await guardOfCopy(true);
  const files = [mapFile(2, own), mapFile(2, last)];
  const workers = await Promise.all(
    [1, 2].map(() => startWorker({ kind: "own files", rounds: 20 })),
  );
  for (const file of files) file.truncate(0);
  return [
    original !== actionOf(SIGBUS).handler,
    files.map((file) => [...firsts(file), file.entry?.faults]),
    workers.map((result) => (result as [number])[0]),
  ];
}

/** The guard of a copy of its module, which is in a folder of its own, with other code if asked for. */
async function guardOfCopy(isOther = false): Promise<TruncationGuard | undefined> {
  const { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = await import(
    "node:fs"
  );
  const { tmpdir } = await import("node:os");
  const { fileURLToPath, pathToFileURL } = await import("node:url");
  const folder = mkdtempSync(`${tmpdir()}/sysalloc-`);
  process.on("exit", () => rmSync(folder, { recursive: true }));
  cpSync(fileURLToPath(sourceUrl("../../ffi")), `${folder}/ffi`, {
    recursive: true,
  });
  writeFileSync(`${folder}/package.json`, '{ "type": "module" }'); // older versions do not detect it
  const inCopy = (name: string) =>
    // a bundle has the sources beside it
    ["ts", "js"].map((ending) => `${folder}/ffi/os/linux/${name}.${ending}`).find(existsSync)!;
  if (isOther) { // a later version, in its magic number, "guard 1"
    const code = inCopy("truncation_guard_code");
    writeFileSync(
      code,
      readFileSync(code, "utf8").replaceAll("c3lzYWxsb2MgZ3VhcmQgM", "c3lzYWxsb2MgZ3VhcmQgN"),
    );
  }
  const copy = await import(
    pathToFileURL(inCopy("truncation_guard")).href
  ) as typeof import("../../ffi/os/linux/truncation_guard.ts");
  const { runtime } = host();
  const file = "libc.so.6";
  return copy.truncationGuard({
    native: runtime,
    file,
    open: openLibrary(runtime, file),
    failed: (syscall) => ({ syscall, osError: undefined, code: "UNKNOWN" }),
    arch: process.arch,
    pageSize: PAGE,
  });
}

export const copies: Cases = {
  async "while its handler is not told yet what it has replaced"() {
    const first = mapFile(2, guard());
    await guardOfCopy(true);
    // As the library leaves it before it asks the system: an action that there cannot be.
    const { handler, flags } = actionOf(SIGBUS);
    const table = viewOf(handler & -BigInt(PAGE), 1);
    const address = new DataView(table.buffer).getBigUint64(16, true);
    const replaced = new DataView(viewOf(address, 1).buffer, 216, 152);
    const before = new Uint8Array(152);
    const bytes = new Uint8Array(replaced.buffer, replaced.byteOffset, 152);
    before.set(bytes);
    bytes.fill(0);
    replaced.setBigUint64(0, 2n ** 64n - 1n, true);
    replaced.setBigUint64(8, 2n ** 64n - 1n, true);
    replaced.setInt32(136, -1, true);
    const delaying = delayingHandler(handler);
    setAction(SIGBUS, { handler: delaying.handler, mask: 0n, flags });
    first.truncate(0);
    const sum = startWorker({ kind: "view", address: first.address, pages: 2 });
    while (delaying.calls() === 0) await sleep(1);
    delaying.goOn();
    await sleep(20);
    bytes.set(before);
    return [await sum, first.entry?.faults];
  },

  async "another version of the code below"() {
    return await besideAnother("below");
  },

  async "another version of the code above"() {
    return await besideAnother("above");
  },

  async "a copy of the module"() {
    const first = mapFile(2, guard());
    const before = actionOf(SIGBUS);
    const second = mapFile(2, await guardOfCopy());
    const isOne = before.handler === actionOf(SIGBUS).handler;
    first.truncate(0);
    second.truncate(0);
    return [isOne, firsts(first), first.entry?.faults, firsts(second), second.entry?.faults];
  },
};
