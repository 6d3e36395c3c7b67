/**
 * Looks for lost wake-ups: two processes play ping-pong by `wait()` and
 * `notify()` over a file in memory, in every pair of Deno, Bun and Node.js 26.
 *
 * It prints the time of a round trip, and how many waits were late, and fails
 * where one does not end.
 *
 * @module
 */
import { join } from "node:path";
import { readArguments, refuse, wholeNumber } from "./tools/arguments.ts";
import { output } from "./tools/processes.ts";

const root = join(import.meta.dirname!, "..");
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  deno: [Deno.execPath(), "run", "--no-check", "-A"],
  bun: [join(root, "node_modules/.bin/bun")],
  node26: [join(root, "node_modules/node26/bin/node"), "--no-warnings"],
};
const NAMES = Object.keys(COMMANDS);
const PAIRS = NAMES.flatMap((first, index) =>
  NAMES.slice(index).map((second) => `${first}+${second}`)
);

const USAGE = `Usage: npx deno run -A scripts/pingpong.ts [--rounds N] [PAIR]...

Looks for lost wake-ups: two processes play ping-pong by wait() and notify().

Arguments:
  PAIR            two of ${NAMES.join(", ")}, like deno+bun (default: every pair)

Options:
      --rounds N  how many rounds each pair plays (default: 1000000)
  -h, --help      print this`;

/** The report of a player. */
interface Played {
  readonly role: string;
  readonly ms: number;
  /** The number of waits that took nearly as long as a slice, or longer. */
  readonly late: number;
  /** The number of wake-ups that found the word unchanged. */
  readonly elsewise: number;
  readonly last: number;
}

async function play(name: string, path: string, role: string, rounds: number): Promise<Played> {
  const program = [...COMMANDS[name]!, join(root, "test/children/pingpong.ts")];
  const { code, stdout, stderr } = await output([...program, path, role, String(rounds)]);
  if (code !== 0) throw new Error(`${name} (${role}) has failed\n${stderr}`);
  return JSON.parse(stdout);
}

const { values, positionals } = readArguments({
  usage: USAGE,
  options: { rounds: { type: "string", default: "1000000" } },
  allowPositionals: true,
});
const rounds = wholeNumber("--rounds", values.rounds);
const pairs = positionals.length > 0 ? positionals : PAIRS;
for (const pair of pairs) {
  const names = pair.split("+");
  if (names.length === 2 && names.every((name) => NAMES.includes(name))) continue;
  refuse(`A pair is two of ${NAMES.join(", ")}, like deno+bun, got '${pair}'`);
}
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
