import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { allocationGranularity, Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { platform, test } from "../support/harness.ts";

/** A call that must throw: its name, the call, the error's class or code, and a part of its message. */
type BadCall = readonly [
  name: string,
  call: () => unknown,
  error: ErrorConstructor | string,
  message: string,
];

const PAGE = pageSize();
const GRANULARITY = BigInt(allocationGranularity());
const options = new MmapOptions({ len: PAGE });

// Shared by the table's rows, which leave them as they are.
const mmap = new MmapOptions({ len: 4 * PAGE }).mapAnon();
const closed = new MmapOptions({ len: PAGE }).mapAnon();
closed.unmap();
const given = new MmapOptions({ len: PAGE }).mapAnon();
const raw = given.intoRaw();
Mmap.unsafeFromRaw(raw.address, raw.byteLength).unmap();

/** Any value, as what a signature wants. */
const as = <T>(value: unknown): T => value as T;

const NOT_WHOLE_NUMBERS: readonly [name: string, value: unknown, words: string][] = [
  ["a string", "4096", 'the string "4096"'],
  ["an empty string", "", 'the string ""'],
  ["a fraction", 0.5, "0.5"],
  ["a fraction above 1", 4096.25, "4096.25"],
  ["NaN", NaN, "NaN"],
  ["null", null, "null"],
  ["true", true, "true"],
  ["an object", {}, "an object"],
  ["an array", [4096], "an object"],
  ["a symbol", Symbol("x"), "a symbol"],
  ["a function", () => 4096, "a function"],
  ["an object with valueOf", { valueOf: () => 4096 }, "an object"],
];

const NOT_BYTE_COUNTS: readonly [name: string, value: number | bigint, words: string][] = [
  ["-1", -1, "-1"],
  ["-1n", -1n, "-1"],
  ["-(2^63)", -(2n ** 63n), "-9223372036854775808"],
  ["Infinity", Infinity, "Infinity"],
  ["-Infinity", -Infinity, "-Infinity"],
  ["2^53", 2 ** 53, "9007199254740992"],
  ["2^53 as bigint", 2n ** 53n, "9007199254740992"],
  ["2^64", 2n ** 64n, "18446744073709551616"],
  ["1e300", 1e300, "1e+300"],
];

const NOT_ADDRESSES: readonly [name: string, value: number | bigint, words: string][] = [
  ["-1", -1, "-1"],
  ["-1n", -1n, "-1"],
  ["Infinity", Infinity, "Infinity"],
  ["-Infinity", -Infinity, "-Infinity"],
  ["2^53 as a number", 2 ** 53, "9007199254740992"],
  ["2^64", 2n ** 64n, "18446744073709551616"],
  ["2^200", 2n ** 200n, String(2n ** 200n)],
];

const NOT_BOOLEANS: readonly [name: string, value: unknown, words: string][] = [
  ["1", 1, "1"],
  ["0", 0, "0"],
  ["a string", "true", 'the string "true"'],
  ["null", null, "null"],
  ["an object", {}, "an object"],
  ["a bigint", 1n, "a bigint"],
];

const NOT_RECEIVERS: readonly [name: string, value: unknown, words: string][] = [
  ["undefined", undefined, "undefined"],
  ["a plain object", {}, "an object"],
  ["a number", 1, "1"],
  ["an object with the prototype alone", Object.create(Mmap.prototype), "an object"],
];

function* badLengthsAndAddresses(): Generator<BadCall> {
  for (const [name, value, words] of NOT_WHOLE_NUMBERS) {
    const message = `must be a whole number or a bigint, got ${words}`;
    yield [`len(${name})`, () => options.len(as(value)), TypeError, message];
    yield [`{ len: ${name} }`, () => new MmapOptions({ len: as(value) }), TypeError, message];
    yield [`withHint(${name})`, () => options.withHint(as(value)), TypeError, message];
    yield [`{ hint: ${name} }`, () => new MmapOptions({ hint: as(value) }), TypeError, message];
    yield [`view(byteOffset ${name})`, () => mmap.view(Int8Array, as(value)), TypeError, message];
    yield [`view(length ${name})`, () => mmap.view(Int8Array, 0, as(value)), TypeError, message];
    yield [`unsafeFromRaw(${name})`, () => Mmap.unsafeFromRaw(as(value), 1), TypeError, message];
    yield [
      `unsafeFromRaw(length ${name})`,
      () => Mmap.unsafeFromRaw(GRANULARITY, as(value)),
      TypeError,
      message,
    ];
  }
  yield ["len(undefined)", () => options.len(as(undefined)), TypeError, "got undefined"];
  yield ["withHint(undefined)", () => options.withHint(as(undefined)), TypeError, "got undefined"];
  for (const [name, value, words] of NOT_BYTE_COUNTS) {
    const message = `must be from 0 to 2^53 - 1 bytes, got ${words}`;
    yield [`len(${name})`, () => options.len(value), RangeError, message];
    yield [`{ len: ${name} }`, () => new MmapOptions({ len: value }), RangeError, message];
    yield [`view(byteOffset ${name})`, () => mmap.view(DataView, as(value)), RangeError, message];
    yield [`view(length ${name})`, () => mmap.view(DataView, 0, as(value)), RangeError, message];
    yield [
      `unsafeFromRaw(length ${name})`,
      () => Mmap.unsafeFromRaw(GRANULARITY, value),
      RangeError,
      message,
    ];
  }
  for (const [name, value, words] of NOT_ADDRESSES) {
    yield [
      `withHint(${name})`,
      () => options.withHint(value),
      RangeError,
      `got ${unsigned(words)}`,
    ];
    yield [`{ hint: ${name} }`, () => new MmapOptions({ hint: value }), RangeError, "The hint"];
    yield [`unsafeFromRaw(${name})`, () => Mmap.unsafeFromRaw(value, 1), RangeError, "The address"];
  }
}

/** A number that is too inexact for an address is named as one. */
function unsigned(words: string): string {
  return words === "9007199254740992" ? `the number ${words}` : words;
}

function* badOptions(): Generator<BadCall> {
  for (const [name, value, words] of NOT_BOOLEANS) {
    for (const option of ["populate", "noReserve", "strict"] as const) {
      const message = `${option} must be a boolean, got ${words}`;
      yield [`${option}(${name})`, () => options[option](as(value)), TypeError, message];
      yield [
        `{ ${option}: ${name} }`,
        () => new MmapOptions({ [option]: value }),
        TypeError,
        message,
      ];
    }
  }
  for (const init of [null, 4096, "4096", true, 1n]) {
    yield [`new MmapOptions(${init})`, () => new MmapOptions(as(init)), TypeError, "an object"];
  }
  for (const name of ["length", "Len", "with_hint", "no_reserve", "settings", "__proto", "0"]) {
    yield [
      `{ ${name} }`,
      () => new MmapOptions(as({ [name]: 1 })),
      TypeError,
      `The option "${name}" is unknown: the options are len, hint, populate, noReserve, strict`,
    ];
  }
  yield ["MmapOptions()", () => as<() => void>(MmapOptions)(), TypeError, ""];
  const top = 2n ** 64n;
  for (
    const [name, build] of Object.entries({
      "withHint(2^64 - 1).len(2)": () => new MmapOptions().withHint(top - 1n).len(2),
      "len(2).withHint(2^64 - 1)": () => new MmapOptions().len(2).withHint(top - 1n),
      "{ len: 2^53 - 1, hint: 2^64 - 4096 }": () =>
        new MmapOptions({ len: 2 ** 53 - 1, hint: top - 4096n }),
    })
  ) {
    yield [name, build, RangeError, "reaches past the end of the address space"];
  }
}

function* badMappings(): Generator<BadCall> {
  const unset = "The length (len) must be greater than 0";
  yield ["mapAnon() without len", () => new MmapOptions().mapAnon(), RangeError, unset];
  yield ["mapAnon() of len 0", () => options.len(0).mapAnon(), RangeError, unset];
  yield ["mapAnon() of len 0n", () => options.len(0n).mapAnon(), RangeError, unset];
  for (const excess of [1n, GRANULARITY / 2n, GRANULARITY - 1n]) {
    const below = 16n * GRANULARITY;
    yield [
      `mapAnon() at a strict hint ${excess} bytes past an aligned address`,
      () => options.withHint(below + excess).strict().mapAnon(),
      RangeError,
      `${GRANULARITY} bytes: 0x${(below + excess).toString(16)} lies between ` +
      `0x${below.toString(16)} and 0x${(below + GRANULARITY).toString(16)}`,
    ];
  }
  yield [
    "mapAnon() over a live mapping",
    () => options.withHint(mmap.address).strict().mapAnon(),
    "EADDRNOTAVAIL",
    `The strict hint 0x${mmap.address.toString(16)} is not available for ${PAGE} bytes`,
  ];
  yield [
    "mapAnon() of 2^53 - 1 bytes",
    () => options.len(2 ** 53 - 1).mapAnon(),
    platform === "win32" ? "EINVAL|ENOMEM" : "ENOMEM",
    "The system refused to map 9007199254740991 bytes",
  ];
}

function* badViews(): Generator<BadCall> {
  const end = 4 * PAGE;
  for (
    const [name, type] of Object.entries({
      undefined: undefined,
      null: null,
      "a string": "Uint8Array",
      Object,
      Array,
      ArrayBuffer,
      "an arrow function": () => {},
      "an instance": new Uint8Array(1),
      "%TypedArray%": Object.getPrototypeOf(Uint8Array),
    })
  ) {
    yield [
      `view(${name})`,
      () => mmap.view(as(type)),
      TypeError,
      "The type must be a typed array constructor or DataView",
    ];
  }
  for (const [View, size] of [[Int16Array, 2], [Float32Array, 4], [BigInt64Array, 8]] as const) {
    for (const byteOffset of [1, size - 1, size + 1, end - 1]) {
      yield [
        `view(${View.name}, ${byteOffset - end} from the end)`,
        () => mmap.view(as<typeof Int8Array>(View), byteOffset),
        RangeError,
        `The byteOffset must be a multiple of ${size}`,
      ];
    }
    yield [
      `view(${View.name}) one element too long`,
      () => mmap.view(as<typeof Int8Array>(View), 0, end / size + 1),
      RangeError,
      `at most ${end / size} elements of ${size} bytes from byteOffset 0, got ${end / size + 1}`,
    ];
  }
  const past = `The byteOffset must be at most ${end}`;
  yield ["view() past the end", () => mmap.view(Uint8Array, end + 1), RangeError, past];
  yield ["view() far past the end", () => mmap.view(Uint8Array, 2 ** 53 - 1), RangeError, past];
  yield ["view(DataView) past the end", () => mmap.view(DataView, end + 1, 0), RangeError, past];
  yield ["view() 1 at the end", () => mmap.view(Uint8Array, end, 1), RangeError, "at most 0 "];
  yield ["view() 2^53 - 1", () => mmap.view(Float64Array, 0, 2 ** 53 - 1), RangeError, "at most"];
}

type Member = keyof Mmap;

const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const MEMBERS = Reflect.ownKeys(Mmap.prototype)
  .filter((name) => name !== "constructor" && name !== INSPECT) as Member[];
const GETTERS = MEMBERS.filter((name) =>
  Object.getOwnPropertyDescriptor(Mmap.prototype, name)!.get !== undefined
);
/** `prefault()` and `waitAsync()` reject: their own tests see to it. */
const METHODS = MEMBERS.filter((name) =>
  !GETTERS.includes(name) && name !== "prefault" && name !== "waitAsync"
);
/** Good arguments, where there must be one: the receiver alone is bad. */
const ARGUMENTS: Partial<Record<Member, unknown[]>> = {
  view: [Uint8Array],
  accessAt: [0],
  protect: ["read"],
  commit: [0, PAGE],
  decommit: [0, PAGE],
  read: [new Uint8Array(1)],
  write: [new Uint8Array(1)],
  resize: [1],
};

function* badHandles(): Generator<BadCall> {
  const message = "The mapping is closed";
  for (const [name, handle] of [["unmapped", closed], ["given away", given]] as const) {
    yield [`bytes of one ${name}`, () => handle.bytes, "EBADF", message];
    yield [`view() of one ${name}`, () => handle.view(Uint8Array), "EBADF", message];
    yield [`flush() of one ${name}`, () => handle.flush(), "EBADF", message];
    yield [`intoRaw() of one ${name}`, () => handle.intoRaw(), "EBADF", message];
    yield [`pointer of one ${name}`, () => handle.pointer, "EBADF", message];
  }
  for (const [name, receiver, words] of NOT_RECEIVERS) {
    const message = `The receiver must be an Mmap, got ${words}`;
    for (const member of METHODS) {
      const call = () =>
        Reflect.apply(Mmap.prototype[member] as () => void, receiver, ARGUMENTS[member] ?? []);
      yield [`${String(member)}() of ${name}`, call, TypeError, message];
    }
    for (const member of GETTERS) {
      const { get } = Object.getOwnPropertyDescriptor(Mmap.prototype, member)!;
      yield [
        `${String(member)} of ${name}`,
        () => Reflect.apply(get!, receiver, []),
        TypeError,
        message,
      ];
    }
    for (
      const member of ["len", "withHint", "populate", "noReserve", "strict", "mapAnon"] as const
    ) {
      yield [
        `${member}() of ${name}`,
        () =>
          Reflect.apply(MmapOptions.prototype[member] as (value: unknown) => unknown, receiver, [
            member === "len" || member === "withHint" ? 1 : true,
          ]),
        TypeError,
        `The receiver must be an MmapOptions, got ${words}`,
      ];
    }
  }
  const construct = as<new (...args: unknown[]) => Mmap>(Mmap);
  yield ["new Mmap()", () => new construct(), TypeError, "Mmap has no public constructor"];
  yield ["new Mmap(address)", () => new construct(4096n, 1), TypeError, "no public constructor"];
  yield [
    "unsafeFromRaw(0)",
    () => Mmap.unsafeFromRaw(0, 1),
    RangeError,
    "The address must be a multiple of the page size",
  ];
  yield [
    "unsafeFromRaw(misaligned)",
    () => Mmap.unsafeFromRaw(BigInt(PAGE) + 1n, 1),
    RangeError,
    `The address must be a multiple of the page size, ${PAGE} bytes`,
  ];
  yield [
    "unsafeFromRaw(length 0)",
    () => Mmap.unsafeFromRaw(GRANULARITY, 0),
    RangeError,
    "The length must be greater than 0",
  ];
  yield [
    "unsafeFromRaw() past the end",
    () => Mmap.unsafeFromRaw(2n ** 64n - GRANULARITY, 2n * GRANULARITY),
    RangeError,
    "reaches past the end of the address space",
  ];
}

/** The calls of memory that is mapped, but for `prefault()`, which rejects: see its own tests. */
function* badResidency(): Generator<BadCall> {
  const calls = {
    'advise("normal"': (...range: unknown[]) => mmap.advise("normal", ...as<[]>(range)),
    "lock(": (...range: unknown[]) => mmap.lock(...as<[]>(range)),
    "unlock(": (...range: unknown[]) => mmap.unlock(...as<[]>(range)),
    "resident(": (...range: unknown[]) => mmap.resident(...as<[]>(range)),
  };
  const end = 4 * PAGE;
  for (const [name, call] of Object.entries(calls)) {
    for (const [value, given, words] of NOT_WHOLE_NUMBERS) {
      const message = `must be a whole number or a bigint, got ${words}`;
      yield [`${name}byteOffset ${value})`, () => call(given), TypeError, message];
      yield [`${name}byteLength ${value})`, () => call(0, given), TypeError, message];
    }
    for (const [value, given, words] of NOT_BYTE_COUNTS) {
      const message = `must be from 0 to 2^53 - 1 bytes, got ${words}`;
      yield [`${name}byteOffset ${value})`, () => call(given), RangeError, message];
      yield [`${name}byteLength ${value})`, () => call(0, given), RangeError, message];
    }
    const past = `The byteOffset must be below ${end}`;
    yield [`${name}the end)`, () => call(end), RangeError, past];
    yield [`${name}past the end)`, () => call(2 ** 53 - 1, 1), RangeError, past];
    const length = `The byteLength must be from 1 to ${end - 1} from byteOffset 1, got`;
    yield [`${name}no byte)`, () => call(1, 0), RangeError, length];
    yield [`${name}one byte too many)`, () => call(1, end), RangeError, length];
  }
  for (const [name, value, words] of NOT_WHOLE_NUMBERS) {
    if (typeof value === "string") continue;
    const call = () => mmap.advise(as(value));
    yield [`advise(${name})`, call, TypeError, `The advice must be a string, got ${words}`];
  }
  for (const advice of ["", "Normal", "MADV_NORMAL", "hwpoison", "guard-install", "toString"]) {
    const call = () => mmap.advise(as(advice));
    yield [`advise("${advice}")`, call, RangeError, 'The advice must be one of "normal", '];
  }
  for (
    const advice of ["dont-need", "dont-need-locked", "free", "free-reusable", "remove"] as const
  ) {
    const message = "must be a multiple of the page size";
    yield [`advise("${advice}", 1)`, () => mmap.advise(advice, 1), RangeError, message];
    yield [`advise("${advice}", 0, 1)`, () => mmap.advise(advice, 0, 1), RangeError, message];
  }
  for (const member of ["advise", "lock", "unlock", "resident"] as const) {
    const args = member === "advise" ? ["free"] : [];
    const call = (receiver: unknown) => Reflect.apply(Mmap.prototype[member], receiver, args);
    yield [`${member}() of one unmapped`, () => call(closed), "EBADF", "The mapping is closed"];
    yield [`${member}() of one given away`, () => call(given), "EBADF", "The mapping is closed"];
    for (const [name, receiver, words] of NOT_RECEIVERS) {
      const message = `The receiver must be an Mmap, got ${words}`;
      yield [`${member}() of ${name}`, () => call(receiver), TypeError, message];
    }
  }
}

const TABLES = {
  badLengthsAndAddresses,
  badOptions,
  badMappings,
  badViews,
  badHandles,
  badResidency,
};

for (const [table, rows] of Object.entries(TABLES)) {
  for (const [name, call, expected, message] of rows()) {
    test(`${table}: ${name} is refused`, () => {
      const error = thrownBy(call);
      if (typeof expected === "string") {
        assert(error instanceof MmapError, String(error));
        assert(expected.split("|").includes(error.code), error.code);
      } else {
        assertEquals(error.constructor, expected, String(error));
      }
      assertStringIncludes(error.message, message);
      if (message !== "") assert(/^[A-Z]|^(populate|noReserve|strict) /.test(error.message));
      assert(!error.message.endsWith("."), error.message);
    });
  }
}

function thrownBy(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    assert(error instanceof Error);
    return error;
  }
  throw new Error("Nothing was thrown");
}

test("there are at least 150 bad inputs", () => {
  const rows = Object.values(TABLES).flatMap((table) => [...table()]);
  assert(rows.length >= 150, String(rows.length));
});

test("bad inputs leave what was mapped as it was", () => {
  mmap.bytes.fill(7);
  for (const [, call] of Object.values(TABLES).flatMap((table) => [...table()])) thrownBy(call);
  assertEquals(mmap.byteLength, 4 * PAGE);
  assert(mmap.bytes.every((byte) => byte === 7));
});
