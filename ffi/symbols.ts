/**
 * Descriptions of C functions in abstract types. A module of a system defines a {@linkcode
 * SymbolTable}, a module of a runtime translates its types, and neither imports the other.
 *
 * @module
 */

/** The C types of the tables, and the type of each in JavaScript. */
export interface CTypes {
  /** No result. */
  void: void;
  /** `int`, `int32_t` */
  i32: number;
  /** `unsigned int`, `uint32_t`, `DWORD` */
  u32: number;
  /** `int64_t`, `off_t` */
  i64: bigint;
  /** `size_t`, `uintptr_t`, `SIZE_T`, and a pointer that is passed as an address */
  usize: bigint;
  /** A pointer to memory that JavaScript owns, valid during the call. */
  buffer: Uint8Array;
}

/** The name of a C type. */
export type CType = keyof CTypes;

/** One C function. */
export interface CFunction {
  /** The types of its parameters, in order. */
  readonly parameters: readonly Exclude<CType, "void">[];
  /** The type of its result. */
  readonly result: Exclude<CType, "buffer">;
}

/** C functions by their names. Apple arm64 passes the further arguments of variadic ones in another way. */
export type SymbolTable = Readonly<Record<string, CFunction>>;

/** The callable form of a {@linkcode SymbolTable}. */
export type Functions<T extends SymbolTable> = {
  readonly [Name in keyof T]: (
    ...args: Arguments<T[Name]["parameters"]>
  ) => CTypes[T[Name]["result"]];
};

type Arguments<P extends readonly CType[]> = {
  -readonly [I in keyof P]: CTypes[P[I]];
};

/** The part of a runtime that the systems use. */
export interface Native {
  /** Opens a system library and finds the functions of `table` in it. */
  open<const T extends SymbolTable>(library: string, table: T): Functions<T>;

  /** Makes an `ArrayBuffer` over foreign memory, without copying and without taking ownership. */
  view(address: bigint, byteLength: number): ArrayBuffer;
}
