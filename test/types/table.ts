/**
 * A symbol table with every type that the tables have, for the types of each
 * runtime to be held against. Checked, never run.
 *
 * @module
 */

/** Every type as a parameter, and every one as a result. */
export type Table = {
  readonly nothing: { readonly parameters: readonly []; readonly result: "void" };
  readonly signed: {
    readonly parameters: readonly ["i32", "u32", "i64", "usize", "buffer"];
    readonly result: "i32";
  };
  readonly unsigned: { readonly parameters: readonly ["u32"]; readonly result: "u32" };
  readonly wide: { readonly parameters: readonly ["i64"]; readonly result: "i64" };
  readonly address: { readonly parameters: readonly ["usize"]; readonly result: "usize" };
};
