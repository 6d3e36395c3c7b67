/**
 * The command `sysalloc info`.
 *
 * @module
 */
import { allocationGranularity, maxViewByteLength, pageSize, regions } from "../mod.ts";
import { answer, type Fact, type NotPermitted, type Question } from "./fact.ts";
import { LINUX_QUESTIONS } from "./linux.ts";
import { bold, width } from "./output.ts";
import { machine, runtime } from "./runtime.ts";
import { count, printable, size, wrapped } from "./text.ts";
import { type Arguments, UsageError } from "./usage.ts";

/** What there is to ask on every system. */
const QUESTIONS: readonly Question[] = [
  {
    name: "pageSize",
    title: "Page size",
    look: () => ({
      value: pageSize(),
      text: size(pageSize()),
      meaning: "Memory is mapped, protected, committed and given back by whole pages.",
    }),
  },
  {
    name: "allocationGranularity",
    title: "Allocation granularity",
    look: () => ({
      value: allocationGranularity(),
      text: size(allocationGranularity()),
      meaning: "What a strict hint must be a multiple of.",
    }),
  },
  {
    name: "maxViewByteLength",
    title: "Longest view",
    look: () => ({
      value: maxViewByteLength(),
      text: size(maxViewByteLength()),
      meaning: "The longest typed array of this runtime.",
      raise: "use several views, or read() and write(); another version of the runtime can have " +
        "longer ones",
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
        meaning: "How many mappings the command itself has, which are the runtime's: so many " +
          "your programs have before they map anything.",
      };
    },
  },
];

/** What there is to ask where the system tells no more. */
const OTHER_QUESTIONS: readonly Question[] = [
  {
    name: "memory",
    title: "Memory",
    look: () => {
      const [total, free] = [machine().totalmem(), machine().freemem()];
      return {
        value: { total, free },
        text: `${size(total)}, ${size(free)} free`,
        meaning: "What mappings are backed with once they are used.",
      };
    },
  },
];

/** Tells of this system. */
export function info({ json, resident, operands }: Arguments): string {
  if (operands.length > 0) throw new UsageError("The command info takes nothing but --json");
  if (resident) throw new UsageError("The option --resident is for the command regions");
  pageSize(); // where there is no FFI, that is what there is to say
  const more = runtime.platform === "linux" ? LINUX_QUESTIONS : OTHER_QUESTIONS;
  const answers = [...QUESTIONS, ...more].flatMap((question) => answer(question) ?? []);
  return json ? `${JSON.stringify(answers, undefined, 2)}\n` : asText(answers);
}

function asText(answers: readonly (Fact | NotPermitted)[]): string {
  const most = width();
  const titleWidth = Math.max(...answers.map(({ title }) => title.length));
  const lines = answers.flatMap((found) => {
    const head = bold(found.title.padEnd(titleWidth));
    if ("why" in found) return [`${head}  not permitted`];
    const { text, meaning, raise, change } = found;
    return [
      `${head}  ${text}`,
      ...wrapped(meaning, most, 4),
      ...(raise === undefined ? [] : wrapped(`To raise it: ${raise}`, most, 4)),
      ...(change === undefined ? [] : wrapped(`To change it: ${change}`, most, 4)),
    ];
  });
  const refusal = answers.find((found) => "why" in found);
  const note = refusal === undefined ? [] : [
    "",
    ...wrapped("What is not permitted needs all permissions, in Deno --allow-all:", most, 0),
    ...wrapped(printable(refusal.why), most, 4),
  ];
  return [...lines, ...note, ""].join("\n");
}
