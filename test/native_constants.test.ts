import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as darwin from "../ffi/os/darwin.ts";
import * as linux from "../ffi/os/linux.ts";
import * as linuxGuard from "../ffi/os/linux_guard.ts";
import * as posix from "../ffi/os/posix.ts";
import * as windows from "../ffi/os/windows.ts";
import { test, unlessLinux } from "./harness.ts";

type Constants = Readonly<Record<string, bigint>>;

/** The numbers among what modules export. */
function constants(...modules: object[]): Constants {
  const exports: Record<string, unknown> = Object.assign({}, ...modules);
  return Object.fromEntries(
    Object.entries(exports).flatMap(([name, value]) =>
      typeof value === "number" || typeof value === "bigint" ? [[name, BigInt(value)]] : []
    ),
  );
}

/** Evaluates C expressions by Linux's own headers, each as 64 unsigned bits. */
function evaluate(expressions: readonly string[]): Constants {
  const directory = mkdtempSync(join(tmpdir(), "sysalloc-"));
  try {
    const source = join(directory, "constants.c");
    const program = join(directory, "constants");
    writeFileSync(
      source,
      `#define _GNU_SOURCE
      #include <errno.h>
      #include <fcntl.h>
      #include <signal.h>
      #include <stdio.h>
      #include <sys/mman.h>
      #include <sys/types.h>
      #include <unistd.h>
      int main(void) {
      ${
        expressions.map((expression) =>
          `printf("%s\\t%llu\\n", ${
            JSON.stringify(expression)
          }, (unsigned long long)(${expression}));`
        ).join("\n")
      }
      }`,
    );
    run("gcc", ["-std=c11", "-o", program, source]);
    const lines = run(program, []).trimEnd().split("\n");
    return Object.fromEntries(
      lines.map((line) => {
        const [expression, value] = line.split("\t");
        return [expression, BigInt(value ?? "")];
      }),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  assertStrictEquals(status, 0, stderr);
  return stdout;
}

const skip = unlessLinux("the headers are those of Linux") ??
  (spawnSync("gcc", ["--version"]).status === 0 ? undefined : "gcc is not installed");

test("linux's constants are those of its headers", () => {
  const expected = constants(posix, linux, linuxGuard);
  assert("MAP_FIXED_NOREPLACE" in expected && "MAP_FAILED" in expected);
  assertEquals(evaluate(Object.keys(expected)), expected);
}, { skip });

test("linux's error numbers are those of its headers", () => {
  const expected = Object.fromEntries(
    Object.entries(linux.CODES).map(([number, name]) => [name, BigInt(number)]),
  );
  assert("ENOMEM" in expected);
  assertEquals(evaluate(Object.keys(expected)), expected);
}, { skip });

test("linux's functions are declared by its headers as the tables have them", () => {
  const expected = {
    "sizeof(int)": 4n,
    "sizeof(long)": 8n,
    "sizeof(size_t)": 8n,
    "sizeof(off_t)": 8n,
    "sizeof(void *)": 8n,
    "sizeof(errno)": 4n,
    "(off_t)-1 < 0": 1n,
    "(size_t)-1 > 0": 1n,
    "_Generic(mmap, void *(*)(void *, size_t, int, int, int, off_t): 1, default: 0)": 1n,
    "_Generic(munmap, int (*)(void *, size_t): 1, default: 0)": 1n,
    "_Generic(madvise, int (*)(void *, size_t, int): 1, default: 0)": 1n,
    "_Generic(sysconf, long (*)(int): 1, default: 0)": 1n,
    "_Generic(__errno_location, int *(*)(void): 1, default: 0)": 1n,
  };
  assertEquals(evaluate(Object.keys(expected)), expected);
}, { skip });

test("darwin's constants are those of Apple's headers", () => {
  assertEquals(constants(posix, darwin), {
    // https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/mman.h
    PROT_NONE: 0x00n,
    PROT_READ: 0x01n,
    PROT_WRITE: 0x02n,
    PROT_EXEC: 0x04n,
    MAP_PRIVATE: 0x0002n,
    MAP_FIXED: 0x0010n,
    MAP_NORESERVE: 0x0040n,
    MAP_ANON: 0x1000n,
    MAP_FAILED: BigInt.asUintN(64, -1n), // ((void *)-1)
    // https://github.com/apple-oss-distributions/Libc/blob/main/include/unistd.h
    _SC_PAGESIZE: 29n,
  });
});

test("windows's constants are those of Microsoft's documentation", () => {
  assertEquals(constants(windows), {
    // https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc
    MEM_COMMIT: 0x0000_1000n,
    MEM_RESERVE: 0x0000_2000n,
    // https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualfree
    MEM_DECOMMIT: 0x0000_4000n,
    MEM_RELEASE: 0x0000_8000n,
    // https://learn.microsoft.com/windows/win32/memory/memory-protection-constants
    PAGE_NOACCESS: 0x01n,
    PAGE_READONLY: 0x02n,
    PAGE_READWRITE: 0x04n,
    PAGE_EXECUTE_READ: 0x20n,
  });
});
