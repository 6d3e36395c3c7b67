/**
 * Deno: `Deno.dlopen`.
 *
 * @module
 */
import type { CType, Functions, SymbolTable } from "../symbols.ts";
import { gridLimits, type Pointer, type Runtime } from "./runtime.ts";
import { maxV8BufferByteLength, type Versions } from "./versions.ts";

/** What is used of the `Deno` namespace. */
export interface DenoNamespace {
  /** {@link https://docs.deno.com/api/deno/~/Deno.dlopen} */
  dlopen(library: string, table: SymbolTable): { readonly symbols: unknown };
  /** {@link https://docs.deno.com/api/deno/~/Deno.version} */
  readonly version: Versions;
  /** {@link https://docs.deno.com/api/deno/~/Deno.UnsafePointer} */
  readonly UnsafePointer: { create(address: bigint): unknown };
  /** {@link https://docs.deno.com/api/deno/~/Deno.UnsafePointerView} */
  readonly UnsafePointerView: {
    getArrayBuffer(pointer: never, byteLength: number): ArrayBuffer;
  };
}

/** What is used of the `Deno` namespace for permissions. */
export interface DenoPermissions {
  /** {@link https://docs.deno.com/api/deno/~/Deno.Permissions} */
  readonly permissions: Readonly<
    Record<
      "querySync" | "requestSync",
      (descriptor: { name: "read" | "write"; path: string }) => { readonly state: string }
    >
  >;
  /** {@link https://docs.deno.com/api/deno/~/Deno.errors.NotCapable} */
  readonly errors: { readonly NotCapable: new (message: string) => Error };
}

/** The types that Deno's FFI has under the same names: all of them. */
export type DenoType = CType;

/** Makes the runtime of Deno. */
export function deno(
  { dlopen, UnsafePointer, UnsafePointerView }: DenoNamespace,
  versions: Versions,
): Runtime {
  return {
    ...gridLimits(maxV8BufferByteLength(versions)),

    threadNative: `{
      open: (library, table) => Deno.dlopen(library, table).symbols,
      view: (address, byteLength) =>
        Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(address), byteLength),
    }`,

    open<const T extends SymbolTable>(library: string, table: T): Functions<T> {
      return dlopen(library, table).symbols as Functions<T>;
    },

    view(address: bigint, byteLength: number): ArrayBuffer {
      return UnsafePointerView.getArrayBuffer(
        UnsafePointer.create(address) as never,
        byteLength,
      );
    },

    pointer(address: bigint): Pointer {
      return UnsafePointer.create(address) as Pointer;
    },
  };
}

/** Asks for permissions for a path, and throws what Deno throws where one is not given. */
export function denoPermit(
  { permissions, errors }: DenoPermissions,
  path: string,
  uses: readonly ("read" | "write")[],
): void {
  for (const name of uses) {
    const descriptor = { name, path };
    // Each path that is requested, also where that changes nothing, makes a list
    // longer for good which Deno searches from then on.
    if (permissions.querySync(descriptor).state === "granted") continue;
    if (permissions.requestSync(descriptor).state === "granted") continue;
    throw new errors.NotCapable(
      `Requires ${name} access to ${JSON.stringify(path)}, run again with the --allow-${name} flag`,
    );
  }
}
