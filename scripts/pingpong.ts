/**
 * Looks for lost wake-ups: two processes play ping-pong by `wait()` and
 * `notify()` over a file in memory, in every pair of Deno, Bun and Node.js 26.
 *
 * `deno run -A scripts/pingpong.ts [ROUNDS] [PAIR…]`, by default 1,000,000 rounds
 * and all pairs; a pair is like `deno+bun`. It prints the time of a round trip,
 * and how many waits were late, and fails where one does not end.
 *
 * @module
 */
import { join } from "node:path";

const root = join(import.meta.dirname!, "..");
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  deno: [Deno.execPath(), "run", "--no-check", "-A"],
  bun: [join(root, "node_modules/.bin/bun")],
  node26: [
    join(root, "node_modules/node26/bin/node"),
    "--no-warnings",
    "--no-concurrent-recompilation",
  ],
};
const NAMES = Object.keys(COMMANDS);
const PAIRS = NAMES.flatMap((first, index) =>
  NAMES.slice(index).map((second) => `${first}+${second}`)
);

/** What a player prints. */
interface Played {
  readonly role: string;
  readonly ms: number;
  /** How many waits took nearly as long as a slice, or longer. */
  readonly late: number;
  /** How many wake-ups found the word as it was. */
  readonly elsewise: number;
  readonly last: number;
}

async function play(name: string, path: string, role: string, rounds: number): Promise<Played> {
  const [program, ...flags] = COMMANDS[name] as [string, ...string[]];
  const { success, stdout } = await new Deno.Command(program, {
    args: [...flags, join(root, "test/children/pingpong.ts"), path, role, String(rounds)],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`${name} (${role}) has failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

const rounds = Number(Deno.args[0] ?? 1_000_000);
const pairs = Deno.args.length > 1 ? Deno.args.slice(1) : PAIRS;
const folder = Deno.build.os === "linux" ? "/dev/shm" : undefined;
for (const pair of pairs) {
  const [first, second] = pair.split("+") as [string, string];
  const path = await Deno.makeTempFile({ ...(folder && { dir: folder }), prefix: "pingpong-" });
  try {
    await Deno.truncate(path, 4096);
    const played = await Promise.all([
      play(first, path, "even", rounds),
      play(second, path, "odd", rounds),
    ]);
    const last = Math.max(...played.map(({ last }) => last));
    if (last !== 2 * rounds) throw new Error(`${pair} ended at ${last}`);
    const [late, elsewise] = (["late", "elsewise"] as const).map((what) =>
      played.reduce((sum, one) => sum + one[what], 0)
    );
    const us = Math.max(...played.map(({ ms }) => ms)) * 1000 / rounds;
    console.log(
      `${pair}: ${rounds} rounds, ${us.toFixed(1)} µs a round trip, ` +
        `${late} late, ${elsewise} woken without a change`,
    );
  } finally {
    await Deno.remove(path);
  }
}
