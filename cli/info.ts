/**
 * The command `sysalloc info`.
 *
 * @module
 */
import { allocationGranularity, maxViewByteLength, pageSize, regions } from "../mod.ts";
import { answer, type Fact, type NotPermitted, type Question } from "./fact.ts";
import { LINUX_QUESTIONS } from "./linux.ts";
import { bold, width } from "./output.ts";
import { os, runtime } from "./runtime.ts";
import { count, printable, size, wrapped } from "./text.ts";
import { type Arguments, UsageError } from "./usage.ts";

/** Facts of every system. */
const QUESTIONS: readonly Question[] = [
  {
    name: "pageSize",
    title: "Page size",
    look: () => ({
      value: pageSize(),
      text: size(pageSize()),
      meaning: "Memory is mapped, protected, committed and decommitted in whole pages.",
    }),
  },
  {
    name: "allocationGranularity",
    title: "Allocation granularity",
    look: () => ({
      value: allocationGranularity(),
      text: size(allocationGranularity()),
      meaning: "Strict hints must be multiples of the granularity.",
    }),
  },
  {
    name: "maxViewByteLength",
    title: "Longest view",
    look: () => ({
      value: maxViewByteLength(),
      text: size(maxViewByteLength()),
      meaning: "The longest typed array of this runtime.",
      raise: "use several views, or read() and write(); another version of the runtime may " +
        "support longer ones",
    }),
  },
  {
    name: "mappings",
    title: "Mappings in use",
    look: () => {
      const { length } = regions();
      return {
        value: length,
        text: count(length),
        meaning: "The runtime's own mappings: your programs have about as many before they map " +
          "anything.",
      };
    },
  },
];

/** Further facts of systems other than Linux. */
const OTHER_QUESTIONS: readonly Question[] = [
  {
    name: "memory",
    title: "Memory",
    look: () => {
      const [total, free] = [os().totalmem(), os().freemem()];
      return {
        value: { total, free },
        text: `${size(total)}, ${size(free)} free`,
        meaning: "RAM backs mappings once they are used.",
      };
    },
  },
];

/** Returns the facts of this system, as text or as JSON. */
export function info({ json, operands }: Arguments): string {
  if (operands.length > 0) throw new UsageError("The command info takes nothing but --json");
  pageSize(); // without an FFI, this throws the error to report
  const more = runtime.platform === "linux" ? LINUX_QUESTIONS : OTHER_QUESTIONS;
  const facts = [...QUESTIONS, ...more].flatMap((question) => answer(question) ?? []);
  return json ? `${JSON.stringify(facts, undefined, 2)}\n` : asText(facts);
}

function asText(facts: readonly (Fact | NotPermitted)[]): string {
  const columns = width();
  const titleWidth = Math.max(...facts.map(({ title }) => title.length));
  const lines = facts.flatMap((fact) => {
    const head = bold(fact.title.padEnd(titleWidth));
    if ("why" in fact) return [`${head}  not permitted`];
    const { text, meaning, raise, change } = fact;
    const [first, ...rest] = wrapped(text, columns, titleWidth + 2);
    return [
      head + first!.slice(titleWidth),
      ...rest,
      ...wrapped(meaning, columns, 4),
      ...(raise === undefined ? [] : wrapped(`To raise it: ${raise}`, columns, 4)),
      ...(change === undefined ? [] : wrapped(`To change it: ${change}`, columns, 4)),
    ];
  });
  const refusal = facts.find((fact) => "why" in fact);
  const note = refusal === undefined ? [] : [
    "",
    ...wrapped(
      "Facts that are not permitted need all permissions (in Deno --allow-all):",
      columns,
      0,
    ),
    ...wrapped(printable(refusal.why), columns, 4),
  ];
  return [...lines, ...note, ""].join("\n");
}
