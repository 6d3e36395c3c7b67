/**
 * Code that a page includes from a file: `<<< path` or `<<< path#region`, as VitePress reads it.
 *
 * @module
 */

export const SNIPPET: RegExp = /^<<< (\S+?)(?:#([\w-]+))?$/gm;

/** The lines of a region of a file without their common indentation, or else the whole file. */
export function regionOf(text: string, file: string, name: string | undefined): string {
  if (name === undefined) return text;
  const region = new RegExp(`^( *)// #region ${name}\\n([^]*?)^\\1// #endregion ${name}\\n`, "m");
  const found = region.exec(text);
  if (!found) throw new Error(`${file} has no region ${name}`);
  const [, indent, lines] = found;
  return lines!.replaceAll(new RegExp(`^${indent}`, "gm"), "");
}
