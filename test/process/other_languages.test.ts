import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pageSize } from "../../mod.ts";
import { run } from "../support/child_processes.ts";
import { sourceUrl, test, use } from "../support/harness.ts";
import { Peer, SELF } from "../support/peers.ts";
import { rounds } from "../support/rounds.ts";
import { createShared, FOLDER, freshName, unlessFolder } from "../support/shared_names.ts";
import { TempFolder } from "../support/temp_files.ts";

const PAGE = pageSize();
const ROUNDS = rounds("handOvers");
const PYTHON = "/usr/bin/python3";
const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
const child = (name: string) => fileURLToPath(new URL(`../children/${name}`, import.meta.url));

function compiled(): string {
  const program = join(use(new TempFolder()).path, "hand_over");
  const flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", `-I${join(examples, "c")}`];
  const { status, stderr } = run("gcc", [...flags, "-o", program, child("hand_over.c"), "-lrt"]);
  assertEquals(status, 0, stderr);
  return program;
}

/** What a player prints at its end. */
async function playedBy(peer: Peer): Promise<{ readonly late: number; readonly last: number }> {
  const line = await peer.line();
  assert(line.startsWith("{"), line);
  return JSON.parse(line);
}

/** Has this runtime and a program add to one word, and wake each other. */
async function play(command: string, ...args: readonly string[]): Promise<void> {
  const name = freshName();
  const words = createShared(name, PAGE).view(Int32Array);
  const own = Peer.of(SELF, "pingpong.ts", name, "even", String(ROUNDS));
  const other = new Peer(command, [...args, name, "odd", String(ROUNDS)]);
  const [{ late }] = await Promise.all([playedBy(own), playedBy(other)]);
  assertEquals([words[0], words[2]], [2 * ROUNDS, 2 * ROUNDS]);
  // The program fails if it is not woken. If it does not wake us, we are late.
  assert(late < ROUNDS / 100, `${late} of ${ROUNDS} were late`);
  assertEquals(await other.end(), "0");
  assert(existsSync(join(FOLDER, name)), "the program removed the name");
}

const unlessHere = unlessFolder ??
  (existsSync(sourceUrl("../../examples/c")) ? undefined : "the examples are not here");

test("sysalloc_wait.py loses no wake-up and no addition", async () => {
  await play(PYTHON, child("hand_over.py"), join(examples, "python"));
}, {
  skip: unlessHere ??
    (run(PYTHON, ["-c", "import multiprocessing.shared_memory"]).status === 0
      ? undefined
      : "there is no Python with multiprocessing.shared_memory here"),
});

test("sysalloc_wait.h loses no wake-up and no addition", async () => await play(compiled()), {
  skip: unlessHere ??
    (run("gcc", ["--version"]).status === 0 ? undefined : "gcc is not installed"),
});
