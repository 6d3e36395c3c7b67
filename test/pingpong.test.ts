import { assert, assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { pageSize } from "../mod.ts";
import { childValue, runtime, sourceUrl, test, unlessLinux, use } from "./harness.ts";
import { TempFolder } from "./temp_files.ts";

const ROUNDS = 2000;

/** What a player prints. */
interface Played {
  readonly role: string;
  readonly late: number;
  readonly last: number;
}

type Play = (path: string, role: string) => Promise<Played>;

/** Has two processes wake each other, and sees to it that nobody is left asleep. */
async function play(first: Play, second: Play): Promise<void> {
  const path = use(new TempFolder()).sparse("words", pageSize());
  const played = await Promise.all([first(path, "even"), second(path, "odd")]);
  assertEquals(Math.max(...played.map(({ last }) => last)), 2 * ROUNDS);
  // A wait that ends with its slice only is one whose wake-up was lost; a busy machine has some too.
  const late = played.reduce((sum, one) => sum + one.late, 0);
  assert(late < ROUNDS / 10, `${late} of ${2 * ROUNDS} were late`);
}

const own: Play = (path, role) => childValue("pingpong.ts", { args: [path, role, String(ROUNDS)] });

test("wait() and notify() of two processes lose no wake-up", () => play(own, own));

const modules = fileURLToPath(new URL("../node_modules/", import.meta.url));
const NODE = `${modules}node26/bin/node`;
const BUN = `${modules}bun/bin/bun.exe`;

/** A player in another runtime. */
function another(program: string, ...flags: readonly string[]): Play {
  const file = fileURLToPath(sourceUrl("./children/pingpong.ts"));
  return (path, role) =>
    new Promise((resolve, reject) => {
      execFile(program, [...flags, file, path, role, String(ROUNDS)], (error, stdout) => {
        if (error === null) resolve(JSON.parse(stdout));
        else reject(error);
      });
    });
}

const bun = another(BUN);
const node = another(NODE, "--no-warnings", "--no-concurrent-recompilation");
const PAIRS: Readonly<Record<string, readonly [Play, Play]>> = {
  "Deno and Bun": [own, bun],
  "Node.js and Deno": [node, own],
  "Bun and Node.js": [bun, node],
};

const areThere = existsSync(BUN) && existsSync(NODE);
const skip = unlessLinux("only one runtime is there") ??
  (runtime !== "deno"
    ? "Deno has the others play"
    : areThere
    ? undefined
    : "they are not installed");

for (const [name, [first, second]] of Object.entries(PAIRS)) {
  test(`wait() and notify() lose no wake-up between ${name}`, () => play(first, second), { skip });
}
