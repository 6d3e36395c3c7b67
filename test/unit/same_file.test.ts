import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { openSame } from "../../core/sources/same_file.ts";
import { runtimeFiles } from "../../ffi/host.ts";
import type { FileIdentity, Files, FileStatus } from "../../ffi/os/contract/files.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import { type OpenedByRuntime, UNTOLD } from "../../ffi/runtime/files.ts";
import { MmapError, MmapOptions } from "../../mod.ts";
import { test } from "../support/harness.ts";
import { on } from "../support/simulated/host.ts";
import { FILE_BYTE_LENGTH, FILE_IDENTITY, simulated } from "../support/simulated/mod.ts";

const STATUS = { isFile: true, byteLength: 1, hasHugePages: false };
const IDENTITY: FileStatus = { device: 1, inode: 2n ** 60n + 1n, created: 3, ...STATUS };
const REFUSED: Failure = { syscall: "open", osError: 13, code: "EACCES" };
const UNKNOWN: Failure = { syscall: "fstat", osError: 5, code: "EIO" };

/** A system whose paths lead to these files, and what was opened and closed. */
function simulatedFiles(paths: Readonly<Record<string, FileIdentity | Failure>>) {
  const log: string[] = [];
  const names = Object.keys(paths);
  const files = {
    open(path: string) {
      log.push(`open ${path}`);
      return paths[path] === REFUSED ? REFUSED : names.indexOf(path);
    },
    status: (file: number) => paths[names[file]!]!,
    close: (file: number) => void log.push(`close ${names[file]}`),
  };
  return { files: files as unknown as Files, log };
}

function seen(given: Partial<OpenedByRuntime>): OpenedByRuntime {
  return { kind: "file", byteLength: 1, ...UNTOLD, close() {}, ...given };
}

test("openSame() opens what the runtime tells to be the same file, as far as it tells", () => {
  const { device, inode, created } = IDENTITY;
  for (
    const [told, isSame] of [
      [{}, true],
      [{ device }, true],
      [{ device, inode }, true],
      [{ device, inode: Number(inode) }, true], // rounded
      [{ device, created }, true],
      [{ device: 2 }, false],
      [{ device: 2, inode }, false],
      [{ device, inode: inode + 1n }, false],
      [{ device, inode: 2 ** 59 }, false],
      [{ device, inode: 0 }, false],
      [{ device, created: 4 }, false],
      [{ device, inode, created: 4 }, false],
    ] as const
  ) {
    const { files, log } = simulatedFiles({ a: IDENTITY });
    const found = openSame(files, ["a"], "read", seen(told));
    assertEquals(found, isSame ? { file: 0, status: IDENTITY } : undefined);
    assertEquals(log, ["open a", ...(isSame ? [] : ["close a"])]);
  }
});

test("openSame() tries each path, and closes what is another file", () => {
  const { files, log } = simulatedFiles({ a: { ...IDENTITY, device: 2 }, b: REFUSED, c: IDENTITY });
  const found = openSame(files, ["a", "b", "c"], "read", seen(IDENTITY));
  assertEquals(found, { file: 2, status: IDENTITY });
  assertEquals(log, ["open a", "close a", "open b", "open c"]);
});

test("openSame() returns the failure of the last path, which tells most of what the runtime opened", () => {
  const other = { ...IDENTITY, device: 2 };
  const { files, log } = simulatedFiles({ refused: REFUSED, other, unknown: UNKNOWN });
  const opened = (...paths: string[]) => openSame(files, paths, "read", seen(IDENTITY));
  assertEquals(opened("other", "refused"), REFUSED);
  assertEquals(opened("refused", "other"), undefined);
  assertEquals(opened("refused", "unknown"), UNKNOWN);
  assertEquals(log.at(-1), "close unknown");
});

/** Maps on simulated Linux what the runtime sees in this order; returns how often it was asked, and closed. */
async function mapSeen(
  inodes: readonly bigint[],
  change: (files: Files) => void = () => {},
): Promise<{ opened: number; closed: number; left: string[]; outcome: unknown }> {
  const system = simulated("linux");
  let [opened, closed] = [0, 0];
  let outcome: unknown;
  await on(system, () => {
    change(system.os.files);
    Object.assign(runtimeFiles(), {
      open: () =>
        seen({
          byteLength: FILE_BYTE_LENGTH,
          device: FILE_IDENTITY.device,
          inode: inodes[Math.min(opened++, inodes.length - 1)],
          close: () => closed++,
        }),
    });
    try {
      new MmapOptions().map("file").unmap();
      outcome = "mapped";
    } catch (error) {
      outcome = error;
    }
  });
  return { opened, closed, left: [...system.kernel.open.values()], outcome };
}

test("map() opens a file anew whose path leads to another one meanwhile", async () => {
  const { inode } = FILE_IDENTITY;
  for (const before of [0, 1, 20]) {
    const inodes = [...Array.from({ length: before }, () => inode + 1n), inode];
    const { opened, closed, left, outcome } = await mapSeen(inodes);
    assertEquals({ opened, closed, left, outcome }, {
      opened: before + 1,
      closed: before + 1,
      left: [],
      outcome: "mapped",
    });
  }
});

test("map() is EAGAIN, and leaves nothing open, when it never finds what the runtime has opened", async () => {
  const { opened, closed, left, outcome } = await mapSeen([FILE_IDENTITY.inode + 1n]);
  assertEquals([opened, closed, left], [100, 100, []]);
  const { code, message } = assertThrows(() => {
    throw outcome;
  }, MmapError);
  assertEquals(code, "EAGAIN");
  assertStringIncludes(message, 'the file "file"');
});

test("map() looks again for a file that was there a moment ago, and throws what else the system says", async () => {
  const failing = (count: number, failure: Failure) => (files: Files) => {
    const { open } = files;
    let left = count;
    Object.assign(files, {
      open: (...args: Parameters<Files["open"]>) => left-- > 0 ? failure : open(...args),
    });
  };
  const ENOENT = { syscall: "open", osError: 2, code: "ENOENT" };
  const found = await mapSeen([FILE_IDENTITY.inode], failing(3, ENOENT));
  assertEquals([found.opened, found.closed, found.outcome], [4, 4, "mapped"]);
  const refused = await mapSeen([FILE_IDENTITY.inode], failing(3, REFUSED));
  assertEquals([refused.opened, refused.closed], [1, 1]);
  assertEquals((refused.outcome as MmapError).code, "EACCES");
});
