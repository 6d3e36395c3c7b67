/**
 * Libraries of the system, whose functions are opened at their first use.
 *
 * @module
 */
import { bare } from "./own.ts";
import type { Functions, Native, SymbolTable } from "./symbols.ts";

/** Opens the named functions of a table, and returns them. A function is opened once. */
export type OpenFunctions = <T extends SymbolTable, Name extends keyof T & string>(
  table: T,
  ...names: readonly Name[]
) => Pick<Functions<T>, Name>;

/**
 * Makes the {@linkcode OpenFunctions} of a library. It opens all functions of one call together:
 * opening takes 0.2 ms for each function in Deno, and for each call in Bun and Node.js.
 */
export function openLibrary(native: Native, library: string): OpenFunctions {
  let opened: Record<string, unknown> = bare({});
  return (table, ...names) => {
    const missing = names.filter((name) => !(name in opened));
    if (missing.length > 0) {
      opened = bare({ ...opened, ...native.open(library, pick(table, missing)) });
    }
    return opened as never;
  };
}

/** Returns the named entries of a table. */
export function pick<T extends object, Name extends keyof T>(
  table: T,
  names: readonly Name[],
): Pick<T, Name> {
  return Object.fromEntries(names.map((name) => [name, table[name]])) as Pick<T, Name>;
}
