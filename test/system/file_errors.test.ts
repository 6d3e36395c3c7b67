import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { closeSync, openSync } from "node:fs";
import { open as openHandle } from "node:fs/promises";
import { join } from "node:path";
import { runtimeFiles } from "../../ffi/host.ts";
import { MmapError, MmapOptions } from "../../mod.ts";
import { platform, test, use } from "../support/harness.ts";
import { makePipe } from "../support/pipe.ts";
import {
  CALLS,
  contents,
  openDescriptors,
  pattern,
  TempFolder,
  withoutDescriptors,
} from "../support/temp_files.ts";

const BYTES = pattern(70_000);
const withoutDescriptor = runtimeFiles().describe === undefined
  ? "this runtime's descriptors are not those of the system"
  : undefined;
const withoutPipes = platform === "win32" ? "Windows has no pipes in folders" : undefined;

/** Maps in each way what cannot be; returns the errors. */
function refusals(file: unknown, options = new MmapOptions()): Error[] {
  return CALLS.map((call) => assertThrows(() => options[call](file as string), Error));
}

/** The class of an error, or the code of an {@linkcode MmapError}, and what its message must hold. */
function assertRefused(file: unknown, expected: string, message: string, options?: MmapOptions) {
  for (const error of refusals(file, options)) {
    assertEquals(error instanceof MmapError ? error.code : error.name, expected, error.message);
    assertStringIncludes(error.message, message);
    assert(!error.message.endsWith("."), error.message);
  }
}

test("an empty file cannot be mapped", () => {
  const folder = use(new TempFolder());
  const path = folder.file("empty", new Uint8Array(0));
  assertRefused(path, "EINVAL", "empty");
  assertRefused(path, "EINVAL", JSON.stringify(path), new MmapOptions({ len: 1 }));
});

test("map() throws the code of an error that the runtime tells by its number alone", () => {
  const files = runtimeFiles() as { open: unknown };
  const { open } = files;
  const number = platform === "win32" ? 5 : 13; // ERROR_ACCESS_DENIED, EACCES
  files.open = () => {
    throw new Error(`Denied (os error ${number}): open 'file'`);
  };
  try {
    assertRefused("file", "EACCES", `: Denied (os error ${number})`);
  } finally {
    files.open = open;
  }
});

test("a directory cannot be mapped", () => {
  const folder = use(new TempFolder());
  assertRefused(folder.path, "EISDIR", "is a directory");
});

test("a pipe cannot be mapped, and nobody waits for its other end", () => {
  const folder = use(new TempFolder());
  const path = join(folder.path, "pipe");
  makePipe(path);
  assertRefused(path, "ENODEV", "a pipe, a socket or a device");
}, { skip: withoutPipes });

test("a device cannot be mapped", () => {
  for (const path of ["/dev/null", "/dev/zero"]) {
    assertRefused(path, "ENODEV", "a pipe, a socket or a device");
  }
}, { skip: withoutPipes });

test("a file that is not there, or whose folder is a file, cannot be mapped", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  assertRefused(join(folder.path, "missing"), "ENOENT", "missing");
  assertRefused("", "ENOENT", 'The file ""');
  if (platform !== "win32") assertRefused(join(path, "file"), "ENOTDIR", "cannot be");
});

test("mapMut() names create() when the file is missing, and then the folder", () => {
  const folder = use(new TempFolder());
  const options = new MmapOptions({ len: 1 });
  const message = (creates: boolean, ...path: string[]) =>
    assertThrows(
      () => options.create(creates).mapMut(join(folder.path, ...path)),
      MmapError,
    ).message;
  assertStringIncludes(message(false, "missing"), "; create() with a len() makes a new file");
  assertStringIncludes(message(true, "missing", "file"), "; make its folder first");
});

test("a range that the file has not cannot be mapped", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  const past: readonly (readonly [len: number, offset: number, message: string])[] = [
    [BYTES.length + 1, 0, `there are no ${BYTES.length + 1} bytes from offset 0; mapMut() with`],
    [2, BYTES.length - 1, `there are no 2 bytes from offset ${BYTES.length - 1}`],
    [0, BYTES.length, `there is nothing from offset ${BYTES.length}`],
    [1, BYTES.length, "there are no 1 bytes"],
    [0, BYTES.length + 1, "there is nothing"],
    [0, Number.MAX_SAFE_INTEGER, "there is nothing"],
    [Number.MAX_SAFE_INTEGER, 0, "there are no"],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, "there are no"],
  ];
  for (const [len, offset, message] of past) {
    assertRefused(path, "RangeError", message, new MmapOptions({ len, offset }));
  }
  assertRefused(
    path,
    "RangeError",
    `${BYTES.length} bytes long`,
    new MmapOptions({ len: 2 ** 40 }),
  );
});

test("a descriptor that is closed, negative or no file cannot be mapped", async () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  const closed = openSync(path, "r");
  closeSync(closed);
  assertRefused(closed, "EBADF", `The file of descriptor ${closed}`);
  assertRefused({ fd: closed }, "EBADF", `The file of descriptor ${closed}`);
  assertRefused(2 ** 31 - 1, "EBADF", "2147483647");
  const handle = await openHandle(path);
  await handle.close();
  assertEquals(refusals(handle).every((error) => error instanceof Error), true);
  const directory = openSync(folder.path, "r");
  assertRefused(directory, "EISDIR", "is a directory");
  closeSync(directory);
  const device = openSync("/dev/null", "r");
  assertRefused(device, "ENODEV", "a device");
  closeSync(device);
}, { skip: withoutDescriptor });

test("a descriptor must be a whole number from 0 to 2^31 - 1", () => {
  for (const descriptor of [-1, -0.5 * 4, 2 ** 31, 2 ** 53]) {
    assertRefused(descriptor, "RangeError", `from 0 to 2^31 - 1, got ${descriptor}`);
    assertRefused({ fd: descriptor }, "RangeError", "from 0 to 2^31 - 1");
  }
  assertRefused(Promise.resolve(3), "TypeError", "a promise: await it");
});

test("a descriptor is refused where descriptors are not those of the system", () => {
  assertRefused(0, "ENOTSUP", "pass the path of the file");
}, { skip: withoutDescriptor === undefined ? "descriptors are those of the system" : undefined });

test("mapMut() of a descriptor that is open for reading alone is EACCES", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  const descriptor = openSync(path, "r");
  try {
    const error = assertThrows(() => new MmapOptions().mapMut(descriptor), MmapError);
    assertEquals([error.code, error.syscall], ["EACCES", "mmap"]);
    const mmap = use(new MmapOptions().map(descriptor));
    mmap.bytes[0] = 1;
  } finally {
    closeSync(descriptor);
  }
  assertEquals(contents(path), BYTES);
}, { skip: withoutDescriptor });

test("what is no file is a TypeError that tells what is one", () => {
  const what =
    "The file must be a path, a file: URL, a file descriptor or an object with a numeric fd";
  for (
    const [file, words] of [
      [undefined, "undefined"],
      [null, "null"],
      [true, "true"],
      [{}, "an object"],
      [{ fd: "3" }, "an object"],
      [[], "an object"],
      [1n, "a bigint"],
      [0.5, "0.5"],
      [NaN, "NaN"],
      [Symbol("file"), "a symbol"],
      [() => 1, "a function"],
      [new Uint8Array(4), "an object"],
    ] as const
  ) {
    assertRefused(file, "TypeError", what);
    assertRefused(file, "TypeError", `got ${words}`);
  }
});

test("files of Deno and Bun are asked for their path", () => {
  const { Deno, Bun } = globalThis as {
    Deno?: { openSync(path: string): Disposable };
    Bun?: { file(path: string): unknown };
  };
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  const file = Deno === undefined ? undefined : use(Deno.openSync(path));
  for (const object of [file, Bun?.file(path), new Blob([])]) {
    if (object !== undefined) assertRefused(object, "TypeError", "pass its path");
  }
});

test("a URL must be a file's, and a path must hold no NUL", () => {
  assertRefused(new URL("http://localhost/file"), "TypeError", "");
  assertRefused(new URL("data:text/plain,file"), "TypeError", "");
  const before = withoutDescriptors === undefined ? openDescriptors() : 0;
  const rounds = 4;
  for (const path of Array.from({ length: rounds }, () => ["a\0b", "\0"]).flat()) {
    for (const error of refusals(path)) {
      assert(["TypeError", "ENOENT", "EINVAL"].includes(error.name) || error instanceof MmapError);
    }
  }
  // The runtime opens and closes for itself, too; a leak of one call, with one path, would be four.
  if (withoutDescriptors === undefined) assert(openDescriptors() - before < rounds);
  // Strings are paths.
  assertRefused("http://localhost/file", "ENOENT", "http://localhost/file");
  assertRefused("file:///etc/passwd", "ENOENT", "file:///etc/passwd");
});

test("a path is checked and opened as one: a NUL cannot hide the end of it from the check", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  for (const error of refusals(`${path}\0.txt`)) assert(error instanceof Error);
});
