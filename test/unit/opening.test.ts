import { assertEquals } from "@std/assert";
import { runtimeFiles } from "../../ffi/host.ts";
import { MmapOptions } from "../../mod.ts";
import { test } from "../support/harness.ts";
import { on } from "../support/simulated/host.ts";
import { fail, forget, names, simulated, type SimulatedSystem } from "../support/simulated/mod.ts";

const ASKED = new Error("The runtime was asked");

/** Maps by a path on simulated Linux, in a runtime without permissions that opens nothing. */
async function mapDirectly(
  path: string,
  prepare: (system: SimulatedSystem) => void = () => {},
  options: MmapOptions = new MmapOptions(),
): Promise<{ calls: readonly string[]; left: readonly string[]; outcome: unknown }> {
  const system = simulated("linux");
  let [calls, outcome]: [readonly string[], unknown] = [[], undefined];
  await on(system, () => {
    const open = () => {
      throw ASKED;
    };
    Object.assign(runtimeFiles(), { permitsAll: () => true, open });
    new MmapOptions({ len: 4096 }).mapAnon().unmap(); // makes what threads share
    void system.os.files.status(0);
    forget(system);
    prepare(system);
    try {
      const mmap = options.mapMut(path);
      calls = names(system);
      mmap.unmap();
      outcome = "mapped";
    } catch (error) {
      calls = names(system);
      outcome = error;
    }
  });
  return { calls, left: [...system.kernel.open.values()], outcome };
}

test("map() makes C's own calls, stat(), open(), fstat() and mmap(), and asks no runtime that has no permissions", async () => {
  const { calls, left, outcome } = await mapDirectly("file");
  assertEquals(calls, ["syscall", "open", "syscall", "mmap"]);
  assertEquals([left, outcome], [[], "mapped"]);
});

/** Replaces the file by another object before it is opened. */
const replacing = (kind: number) => ({ kernel }: SimulatedSystem) => {
  const opened = kernel.opened.bind(kernel);
  kernel.opened = (what) => {
    kernel.kind = kind;
    return opened(what);
  };
};

test("map() asks the runtime about what the system does not open, or is nothing to map", async () => {
  const [S_IFDIR, S_IFIFO] = [0o040_000, 0o010_000];
  for (
    const [prepare, calls] of [
      [(system) => fail(system, 0, 2), ["syscall"]], // ENOENT
      [({ kernel }) => kernel.kind = S_IFDIR, ["syscall"]],
      [({ kernel }) => kernel.kind = S_IFIFO, ["syscall"]],
      [(system) => fail(system, 1, 13), ["syscall", "open"]], // EACCES
      [(system) => fail(system, 2, 5), ["syscall", "open", "syscall", "close"]],
      [replacing(S_IFIFO), ["syscall", "open", "syscall", "close"]],
      [({ kernel }) => kernel.fileByteLength = 0, ["syscall", "open", "syscall", "close"]],
    ] as readonly (readonly [(system: SimulatedSystem) => unknown, readonly string[]])[]
  ) {
    assertEquals(await mapDirectly("file", prepare), { calls, left: [], outcome: ASKED });
  }
});

test("map() asks the runtime about a path with NUL, whose start may be another path", async () => {
  assertEquals(await mapDirectly("file\0more"), { calls: [], left: [], outcome: ASKED });
});

test("mapMut() of an empty file with create() asks no runtime that has no permissions", async () => {
  const options = new MmapOptions({ len: 4096 }).create();
  const { calls, outcome } = await mapDirectly("file", ({ kernel }) => {
    kernel.fileByteLength = 0;
  }, options);
  assertEquals([calls.slice(0, 3), outcome], [["syscall", "open", "syscall"], "mapped"]);
});
