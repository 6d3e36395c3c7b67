/**
 * A library of the system, whose functions are opened when they are first needed.
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
 * Makes what opens functions of a library. Those that are asked for together are opened by
 * one call: opening costs Deno 0.2 ms a function, and Bun and Node.js as much a call.
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
