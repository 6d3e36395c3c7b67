/**
 * The examples of the pages: their blocks of TypeScript.
 *
 * @module
 */

/** The runtimes that run examples, by their names in `package.json`. */
export const NAMES = ["deno", "bun", "node26", "node22"] as const;
export type RuntimeName = typeof NAMES[number];

/** A block of TypeScript of a page. */
export interface Example {
  /** The path of its file: the page, and its line there or its title. */
  readonly file: string;
  /** The code, on the lines that it has in the page. */
  readonly code: string;
  /** The runtimes that run it. */
  readonly runtimes: readonly RuntimeName[];
  /** The reason why none does. */
  readonly reason?: string;
  /** The lines that it says it prints. */
  readonly shown: readonly string[];
}

/** A fence, after the comment that may have the reason why it is not run. */
const BLOCK = /(?:<!-- no-run: (.+?) -->\s*)?^( *)```ts(?: (.*))?\n([^]*?)^\2```$/gm;
const PRINTS = /console\.log\([^]*?\);(?: \/\/ (.*))?$/gm;

/** The examples of a page. */
export function examplesIn(page: string, text: string): Example[] {
  const blocks = Array.from(text.matchAll(BLOCK), (match) => {
    const [all, reason, indent = "", info = "", body = ""] = match;
    const line = lines(text.slice(0, match.index)) + lines(all) - lines(body);
    const title = /\[(.+?)\]/.exec(info)?.[1];
    const code = body.replaceAll(new RegExp(`^${indent}`, "gm"), "");
    return { reason, marks: info.replace(/\[.*?\]|\{.*?\}/g, ""), line, title, code };
  });
  return blocks.map(({ reason, marks, line, title, code }) => {
    const file = `${page}/${title ?? `${line - 1}.ts`}`;
    const isPart = title !== undefined &&
      blocks.some((other) => other.title !== title && other.code.includes(`/${title}"`));
    const runtimes = isPart ? [] : runtimesOf(file, marks.match(/\S+/g) ?? [], reason);
    const shown = Array.from(code.matchAll(PRINTS), ([call, shown]) => {
      if (shown === undefined && runtimes.length > 0) {
        throw new Error(`${file}: ${call.trim()} does not show the line that it prints`);
      }
      return shown ?? "";
    });
    const example = { file, code: "\n".repeat(line - 1) + code, runtimes, shown };
    return reason === undefined ? example : { ...example, reason };
  });
}

/** The runtimes that an example is for, by the words of its fence. */
function runtimesOf(
  file: string,
  marks: readonly string[],
  reason: string | undefined,
): readonly RuntimeName[] {
  if (marks.includes("no-run") !== (reason !== undefined)) {
    throw new Error(`${file}: \`\`\`ts no-run comes after <!-- no-run: the reason -->`);
  }
  const names = NAMES.filter((name) => marks.includes(name));
  const unknown = marks.find((mark) => ![...NAMES, "no-run", "using"].includes(mark));
  if (unknown !== undefined) throw new Error(`${file}: '${unknown}' is no mark of an example`);
  if (reason !== undefined) return [];
  const all = names.length > 0 ? names : NAMES;
  return marks.includes("using") ? all.filter((name) => name !== "node22") : all; // no syntax there
}

function lines(text: string): number {
  return text.split("\n").length;
}
