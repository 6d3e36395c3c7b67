import { assert, assertEquals, assertThrows } from "@std/assert";
import { systemError } from "../../core/checks/errors.ts";
import { FreeList } from "../../ffi/free_list.ts";
import { failure } from "../../ffi/os/contract/memory.ts";
import { bare, define, own } from "../../ffi/own.ts";
import { Mmap, MmapError, type MmapInit, MmapOptions, pageSize } from "../../mod.ts";
import { test } from "../support/harness.ts";

/** Adds properties to `Object.prototype` for one test. */
function withAdded(added: Readonly<Record<string, unknown>>, body: () => void): void {
  for (const name of Object.keys(added)) {
    define(Object.prototype, name, { value: added[name], writable: true, configurable: true });
  }
  try {
    body();
  } finally {
    for (const name of Object.keys(added)) delete Object.prototype[name as never];
  }
}

test("own(), bare() and define() see nothing of Object.prototype", () => {
  withAdded({ kind: 1, get: () => 2, enumerable: true }, () => {
    assertEquals([own({}, "kind"), own({ kind: 3 }, "kind"), own([4], 0)], [undefined, 3, 4]);
    assertEquals(bare({ name: 5 } as { name: number; kind?: number }).kind, undefined);
    const object = {};
    define(object, "six", { value: 6 });
    assertEquals(Object.keys(object), []);
  });
});

test("FreeList takes the last one first, also one that is undefined", () => {
  const list = new FreeList<number | undefined>();
  for (const value of [1, undefined, 3]) list.add(value);
  assertEquals(list.length, 3);
  assertEquals([list.take(), list.take(), list.take(), list.take()], [3, undefined, 1, undefined]);
  assertEquals(list.length, 0);
  list.add(4);
  assertEquals([list.take(), list.length], [4, 0]);
});

test("options are an object's own or its class's, and none of Object.prototype", () => {
  class Init implements MmapInit {
    get len(): number {
      return 4096;
    }
  }
  const inherited = Object.create({ guard: 1 }) as MmapInit;
  const bareInit = bare({ align: 65_536 }) as MmapInit;
  const settings = (init: MmapInit) => new MmapOptions(init).settings;
  const check = () => {
    assertEquals(settings({}).populate, false);
    assertEquals(settings(new Init()).len, 4096);
    assertEquals(settings(inherited).guard, 1);
    assertEquals(settings(bareInit).align, 65_536);
  };
  check();
  withAdded({ len: "none", populate: true, guard: -1, align: 3 }, check);
});

test("a file and a ticket are not taken from Object.prototype", () => {
  pageSize(); // what a runtime loads first does not bear what is added
  withAdded({ fd: 0, href: "file:///", protocol: "file:", slot: 0, key: "0".repeat(32) }, () => {
    assertThrows(() => new MmapOptions().map({} as never), TypeError, "The file must be");
    assertThrows(() => Mmap.fromTicket({} as never), TypeError, "The ticket must be");
  });
});

test("an error's advice is not taken from Object.prototype", () => {
  // An index in its place would make V8's arrays slow in all tests that follow.
  withAdded({ ENOENT: "added", "-1": "EXX", advice: "added" }, () => {
    const { message } = systemError("to map", { syscall: "mmap", osError: 2, code: "ENOENT" });
    assertEquals(message, "The system refused to map: mmap failed with ENOENT (2)");
    assertEquals(failure("mmap", -1, {}).code, "UNKNOWN");
  });
});

test("MmapError has all its fields, and shows those that are known", () => {
  withAdded({ code: "EXX", syscall: "added", osError: 1, cause: "added", actual: 2n }, () => {
    const error = new MmapError("message", { code: "EBADF", requested: 3n });
    const { code, syscall, osError, requested, actual } = error;
    assertEquals([code, syscall, osError, requested, actual], [
      "EBADF",
      undefined,
      undefined,
      3n,
      undefined,
    ]);
    assert(!Object.hasOwn(error, "cause"));
    assertEquals(Object.keys(error).sort(), ["code", "name", "requested"]);
  });
});
