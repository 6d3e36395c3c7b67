import { assert, assertEquals } from "@std/assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Mmap, MmapOptions, pageSize, removeShared } from "../../mod.ts";
import { run } from "../support/child_processes.ts";
import { platform, test, unlessLinux, use } from "../support/harness.ts";
import { rounds } from "../support/rounds.ts";
import { Peer, type Program, PROGRAMS, SELF, unlessThere } from "../support/peers.ts";
import { freshName, leftNames, unlessFolder } from "../support/shared_names.ts";
import { TempFolder } from "../support/temp_files.ts";

const PAGE = pageSize();
const LENGTH = 2 * PAGE + 100;
/** As Windows has it, where a section is whole pages. */
const WHOLE = platform === "win32" ? 3 * PAGE : LENGTH;

const RACES = rounds("racedNames");

const create = (name: string, len = LENGTH): Mmap =>
  use(new MmapOptions({ len }).mapShared(name, { mode: "create" }));
const open = (name: string): Mmap => use(new MmapOptions().mapShared(name));

function textOf(mmap: Mmap, offset: number, length: number): string {
  const bytes = new Uint8Array(length);
  mmap.read(bytes, offset);
  return new TextDecoder().decode(bytes);
}

function store(mmap: Mmap, offset: number, text: string): void {
  mmap.bytes.set(new TextEncoder().encode(text), offset);
}

/** Starts a runtime that waits for what it is told. */
async function peerOf(program: Program): Promise<Peer> {
  const peer = Peer.of(program, "shared_peer.ts");
  assertEquals(await peer.line(), "ready");
  return peer;
}

for (const program of [SELF, ...PROGRAMS]) {
  const skip = program === SELF ? undefined : unlessThere(program);

  test(`memory of mapShared() made here is shared with ${program.name}`, async () => {
    const name = freshName();
    const mmap = create(name);
    store(mmap, LENGTH - 4, "here");
    const peer = await peerOf(program);
    assertEquals(await peer.ask(`map ${name}`), String(WHOLE));
    assertEquals(await peer.ask(`read ${LENGTH - 4} 4`), "here");
    assertEquals(await peer.ask(`write ${PAGE} there`), "written");
    assertEquals(textOf(mmap, PAGE, 5), "there");
    assertEquals(await peer.ask("add 0 5"), "0");
    assertEquals(Atomics.add(mmap.view(Int32Array, 0, 1), 0, 2), 5);
    assertEquals(await peer.ask("add 0 1"), "7");
    assertEquals(await peer.ask("unmap"), "unmapped");
    assertEquals(await peer.end(), "0");
    assertEquals(textOf(mmap, PAGE, 5), "there");
  }, { skip });

  test(`memory of mapShared() made by ${program.name} is shared with it`, async () => {
    const name = freshName();
    const peer = await peerOf(program);
    assertEquals(await peer.ask(`map ${name}`), "ENOENT");
    assertEquals(await peer.ask(`map ${name} create ${LENGTH}`), String(LENGTH));
    assertEquals(await peer.ask(`write ${LENGTH - 5} there`), "written");
    const mmap = open(name);
    assertEquals([mmap.byteLength, textOf(mmap, LENGTH - 5, 5)], [WHOLE, "there"]);
    store(mmap, 0, "here");
    assertEquals(await peer.ask("read 0 4"), "here");
    assertEquals(await peer.ask(`map ${name} create ${LENGTH}`), "EEXIST");
    assertEquals(await peer.ask(`map ${name} open ${WHOLE + 1}`), "RangeError");
    if (platform === "win32") {
      assertEquals(await peer.end(), "0");
    } else {
      // It is there without those who have it mapped.
      mmap.unmap();
      assertEquals(await peer.end(), "0");
      assertEquals(textOf(open(name), 0, 4), "here");
    }
    removeShared(name);
  }, { skip });
}

test("a process that is killed while it stores loses nothing for others", async () => {
  const name = freshName();
  const mmap = create(name);
  const words = mmap.view(Int32Array, 0, 2);
  const other = await peerOf(SELF);
  await other.ask(`map ${name}`);
  let before = 0;
  for (let round = 0; round < rounds("killedWriters"); round++) {
    const peer = await peerOf(SELF);
    assertEquals(await peer.ask(`map ${name}`), String(WHOLE));
    void peer.ask("count 0");
    while (Atomics.load(words, 0) < before + 1000) await turn();
    await peer.kill();
    const count = Atomics.load(words, 0);
    assert(count >= before + 1000 && [count, count + 1].includes(words[1]!));
    before = count;
    assertEquals(await other.ask("add 0 0"), String(count));
  }
  assertEquals(await other.ask(`write ${PAGE} still`), "written");
  assertEquals(textOf(mmap, PAGE, 5), "still");
  assertEquals(await other.end(), "0");
});

test("a process that is killed while it makes memory leaves none that is not whole", async () => {
  const name = freshName();
  let found = 0;
  for (let round = 0; round < rounds("killedMakers"); round++) {
    const peer = await peerOf(SELF);
    assertEquals(await peer.ask(`churn ${name} ${LENGTH}`), "churning");
    const [wanted, end] = [found + 30, performance.now() + 5000];
    while (found < wanted && performance.now() < end) {
      // What is found is whole, however short the time is in which it could not be.
      try {
        const mmap = new MmapOptions().mapShared(name);
        mmap.bytes.fill(1);
        assertEquals([mmap.byteLength, mmap.truncated], [WHOLE, false]);
        mmap.unmap();
        found++;
      } catch (error) {
        assertEquals((error as { code?: unknown }).code, "ENOENT", String(error));
      }
    }
    await peer.kill();
    const options = new MmapOptions({ len: LENGTH });
    use(options.mapShared(name, { mode: "open-or-create" })).bytes.fill(1);
    if (platform !== "win32") removeShared(name);
    if (unlessFolder === undefined) assertEquals(leftNames(), []);
  }
  assert(found > 0);
});

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

const [second = SELF] = PROGRAMS.filter((program) => unlessThere(program) === undefined);

for (const mode of ["create", "open-or-create"] as const) {
  test(`of two processes that use "${mode}" at once, one makes the memory, and both have it whole`, async () => {
    const board = freshName();
    const names = Array.from({ length: RACES }, freshName);
    // One word for each process and round: how many there are, and what became of it.
    const words = create(board, 3 * 4 * RACES).view(Int32Array);
    const args = [board, mode, String(LENGTH), ...names];
    const peers = [SELF, second].map((program, index) =>
      Peer.of(program, "shared_race.ts", String(index), ...args)
    );
    for (const peer of peers) assertEquals(await peer.line(), "done");
    for (const [round, name] of names.entries()) {
      const [arrived, ...outcomes] = words.subarray(3 * round, 3 * round + 3);
      assertEquals(arrived, 2);
      // 1 made it, 2 found it, 3 either; 0 failed.
      const expected = mode === "create" ? [1, 2] : [3, 3];
      assertEquals([...outcomes].sort(), expected, `round ${round}`);
      // Each added 1 to the first and to the last word.
      const mmap = open(name);
      const last = Math.floor(LENGTH / 4) - 1;
      assertEquals([0, last].map((at) => mmap.view(Int32Array, 4 * at, 1)[0]), [2, 2]);
      mmap.unmap();
    }
    for (const peer of peers) assertEquals(await peer.end(), "0");
  });
}

const PYTHON = "/usr/bin/python3";
const ATTACH = `
import sys
from multiprocessing import shared_memory, resource_tracker

def shared(name, **options):
    try:
        return shared_memory.SharedMemory(name, track=False, **options)
    except TypeError: # before 3.13 what it has seen it removes at its end
        memory = shared_memory.SharedMemory(name, **options)
        resource_tracker.unregister(memory._name, "shared_memory")
        return memory
`;
const python = (source: string, ...args: readonly string[]) =>
  new Peer(PYTHON, ["-u", "-c", ATTACH + source, ...args]);
const unlessPython = unlessFolder ??
  (run(PYTHON, ["-c", "import multiprocessing.shared_memory"]).status === 0
    ? undefined
    : "there is no Python with multiprocessing.shared_memory here");

test("Python's multiprocessing.shared_memory has memory of mapShared()", async () => {
  const name = freshName();
  const mmap = create(name);
  store(mmap, LENGTH - 4, "here");
  const peer = python(
    `
memory = shared(sys.argv[1])
print(memory.size, bytes(memory.buf[-4:]).decode())
memory.buf[0:5] = b"there"
print("written")
sys.stdin.read()
memory.close()
`,
    name,
  );
  assertEquals(await peer.line(), `${LENGTH} here`);
  assertEquals(await peer.line(), "written");
  assertEquals(textOf(mmap, 0, 5), "there");
  assertEquals(await peer.end(), "0");
  assertEquals(textOf(open(name), 0, 5), "there"); // it has removed nothing
}, { skip: unlessPython });

test("mapShared() has memory of Python's multiprocessing.shared_memory", async () => {
  const name = freshName();
  const peer = python(
    `
memory = shared(sys.argv[1], create=True, size=${LENGTH})
memory.buf[-5:] = b"there"
print("made")
sys.stdin.readline()
print(bytes(memory.buf[0:4]).decode())
sys.stdin.read()
memory.close()
`,
    name,
  );
  assertEquals(await peer.line(), "made");
  const mmap = open(name);
  assertEquals([mmap.byteLength, textOf(mmap, LENGTH - 5, 5)], [LENGTH, "there"]);
  store(mmap, 0, "here");
  assertEquals(await peer.ask("read"), "here");
  assertEquals(await peer.end(), "0");
  removeShared(name);
}, { skip: unlessPython });

const C = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes shared memory of a length, or opens it; says what is at its end, and stores to its start. */
int main(int count, char **args) {
  int makes = strcmp(args[2], "make") == 0;
  int file = shm_open(args[1], O_RDWR | (makes ? O_CREAT | O_EXCL : 0), 0600);
  struct stat status;
  if (file == -1 || (makes && ftruncate(file, ${LENGTH}) != 0) || fstat(file, &status) != 0) return 1;
  char *memory = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) return 2;
  if (makes) memcpy(memory + status.st_size - 5, "there", 5);
  printf("%ld %.5s\\n", (long)status.st_size, memory + status.st_size - 5);
  fflush(stdout);
  if (!makes) memcpy(memory, "there", 5);
  while (getchar() != '\\n');
  printf("%.5s\\n", memory);
  return count != 3;
}
`;

test(
  "a C program that calls shm_open() has memory of mapShared(), and the other way round",
  async () => {
    const folder = use(new TempFolder());
    const [source, program] = [join(folder.path, "shared.c"), join(folder.path, "shared")];
    writeFileSync(source, C);
    const { status, stderr } = run("gcc", ["-o", program, source, "-lrt"]);
    assertEquals(status, 0, stderr);

    const name = freshName();
    const mmap = create(name);
    store(mmap, LENGTH - 5, "here!");
    const opener = new Peer(program, [`/${name}`, "open"]);
    assertEquals(await opener.line(), `${LENGTH} here!`);
    assertEquals(await opener.ask("read"), "there");
    assertEquals(await opener.end(), "0");
    assertEquals(textOf(mmap, 0, 5), "there");

    const other = freshName();
    const maker = new Peer(program, [`/${other}`, "make"]);
    assertEquals(await maker.line(), `${LENGTH} there`);
    const made = open(other);
    assertEquals([made.byteLength, textOf(made, LENGTH - 5, 5)], [LENGTH, "there"]);
    store(made, 0, "here!");
    assertEquals(await maker.ask("read"), "here!");
    assertEquals(await maker.end(), "0");
  },
  {
    skip: unlessLinux("the C program is one of Linux") ?? unlessFolder ??
      (run("gcc", ["--version"]).status === 0 ? undefined : "gcc is not installed"),
  },
);

test("the tests of processes leave no shared memory", () => {
  assertEquals(leftNames(), []);
}, { skip: unlessFolder });
