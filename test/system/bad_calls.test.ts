import { Mmap, MmapOptions } from "../../mod.ts";
import {
  as,
  type BadCall,
  GRANULARITY,
  mmap,
  NOT_BYTE_COUNTS,
  NOT_WHOLE_NUMBERS,
  PAGE,
  testBadCalls,
} from "../support/bad_input.ts";

const closed = new MmapOptions({ len: PAGE }).mapAnon();
closed.unmap();
const given = new MmapOptions({ len: PAGE }).mapAnon();
const raw = given.intoRaw();
Mmap.unsafeFromRaw(raw.address, raw.byteLength).unmap();

const NOT_RECEIVERS: readonly [name: string, value: unknown, words: string][] = [
  ["undefined", undefined, "undefined"],
  ["a plain object", {}, "an object"],
  ["a number", 1, "1"],
  ["an object with the prototype alone", Object.create(Mmap.prototype), "an object"],
];

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
        `The byteOffset must be a multiple of ${size}, the element size, got ${byteOffset}: use a DataView`,
      ];
    }
    yield [
      `view(${View.name}) one element too long`,
      () => mmap.view(as<typeof Int8Array>(View), 0, end / size + 1),
      RangeError,
      `at most ${end / size} elements of ${size} bytes from byteOffset 0, got ${end / size + 1}`,
    ];
  }
  for (const [View, unit] of [[Int8Array, "bytes"], [Int16Array, "elements"]] as const) {
    const message = `The length must be from 0 to 2^53 - 1 ${unit}, got -1`;
    const call = () => mmap.view(as<typeof Int8Array>(View), 0, -1);
    yield [`view(${View.name}) of -1`, call, RangeError, message];
  }
  const past = `The byteOffset must be at most ${end}`;
  yield ["view() past the end", () => mmap.view(Uint8Array, end + 1), RangeError, past];
  yield ["view() far past the end", () => mmap.view(Uint8Array, 2 ** 53 - 1), RangeError, past];
  yield ["view(DataView) past the end", () => mmap.view(DataView, end + 1, 0), RangeError, past];
  yield ["view() 1 at the end", () => mmap.view(Uint8Array, end, 1), RangeError, "at most 0 bytes"];
  yield ["view() 2^53 - 1", () => mmap.view(Float64Array, 0, 2 ** 53 - 1), RangeError, "at most"];
}

type Member = keyof Mmap;

const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const MEMBERS = Reflect.ownKeys(Mmap.prototype)
  .filter((name) => name !== "constructor" && name !== INSPECT) as Member[];
const GETTERS = MEMBERS.filter((name) =>
  Object.getOwnPropertyDescriptor(Mmap.prototype, name)!.get !== undefined
);
/** These reject: their own tests see to it. */
const ASYNC: readonly Member[] = ["prefault", "waitAsync", "flushAsync"];
const METHODS = MEMBERS.filter((name) => !GETTERS.includes(name) && !ASYNC.includes(name));
/** Good arguments, where there must be one: the receiver alone is bad. */
const ARGUMENTS: Partial<Record<Member, unknown[]>> = {
  view: [Uint8Array],
  accessAt: [0],
  pointerAt: [0],
  protect: ["read"],
  commit: [0, PAGE],
  decommit: [0, PAGE],
  read: [new Uint8Array(1)],
  write: [new Uint8Array(1)],
  resize: [1],
  indexOf: [0],
  lastIndexOf: [0],
  count: [0],
  split: [0],
};

function* badHandles(): Generator<BadCall> {
  const message = "The mapping is closed";
  for (const [name, handle] of [["unmapped", closed], ["given away", given]] as const) {
    yield [`bytes of one ${name}`, () => handle.bytes, "EBADF", message];
    yield [`view() of one ${name}`, () => handle.view(Uint8Array), "EBADF", message];
    yield [`flush() of one ${name}`, () => handle.flush(), "EBADF", message];
    yield [`intoRaw() of one ${name}`, () => handle.intoRaw(), "EBADF", message];
    yield [`pin() of one ${name}`, () => handle.pin(), "EBADF", message];
    yield [`pointerAt() of one ${name}`, () => handle.pointerAt(0), "EBADF", message];
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

function* badSearches(): Generator<BadCall> {
  const end = 4 * PAGE;
  for (const name of ["indexOf", "lastIndexOf", "count", "split"] as const) {
    const call = (...args: unknown[]) => mmap[name](...as<[number]>(args));
    const what = name === "split" ? "The separator" : "The pattern";
    for (const [value, given, words] of NOT_WHOLE_NUMBERS) {
      const message = `must be a whole number or a bigint, got ${words}`;
      yield [`${name}(byteOffset ${value})`, () => call(1, given), TypeError, message];
      yield [`${name}(byteEnd ${value})`, () => call(1, 0, given), TypeError, message];
      if (typeof given === "string") continue;
      const kind = `${what} must be a typed array, a DataView, a string or a byte, got ${words}`;
      yield [`${name}(${value})`, () => call(given), TypeError, kind];
    }
    for (const [value, given, words] of NOT_BYTE_COUNTS) {
      const message = `must be from 0 to 2^53 - 1 bytes, got ${words}`;
      yield [`${name}(byteOffset ${value})`, () => call(1, given), RangeError, message];
      yield [`${name}(byteEnd ${value})`, () => call(1, 0, given), RangeError, message];
    }
    const past = `The byteOffset must be at most ${end}, where the range ends`;
    yield [`${name}() past the end`, () => call(1, end + 1), RangeError, past];
    const order = "The byteOffset must be at most 1, where the range ends, got 2";
    yield [`${name}() that ends before it starts`, () => call(1, 2, 1), RangeError, order];
    const most = `The byteEnd must be at most ${end}, the length of the mapping`;
    yield [`${name}() that ends past the end`, () => call(1, 0, end + 1), RangeError, most];
    for (const number of [-1, 256, Infinity, 2 ** 40]) {
      const message = `${what} must be a byte from 0 to 255, got ${number}`;
      yield [`${name}(${number})`, () => call(number), RangeError, message];
    }
    yield [`${name}(undefined)`, () => call(undefined), TypeError, "got undefined"];
    yield [`${name}(1n)`, () => call(1n), TypeError, "got a bigint"];
    const surrogate = `${what} has a lone surrogate`;
    yield [`${name}(a lone surrogate)`, () => call("a\ud800b"), RangeError, surrogate];
    const detached = new Uint8Array(8);
    detached.buffer.transfer();
    const message = `${what} is detached or out of bounds`;
    yield [`${name}(detached)`, () => call(detached), TypeError, message];
    const on = (handle: Mmap) => () => handle[name](1);
    yield [`${name}() of one unmapped`, on(closed), "EBADF", "The mapping is closed"];
    yield [`${name}() of one given away`, on(given), "EBADF", "The mapping is closed"];
  }
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
    yield [`${name}one byte at the end)`, () => call(end, 1), RangeError, past];
    yield [`${name}past the end)`, () => call(2 ** 53 - 1, 1), RangeError, past];
    const none = `The byteOffset must be at most ${end}`;
    yield [`${name}the rest past the end)`, () => call(end + 1), RangeError, none];
    yield [`${name}no byte past the end)`, () => call(end + 1, 0), RangeError, none];
    const length = `The byteLength must be at most ${end - 1} from byteOffset 1, got`;
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

testBadCalls({ badViews, badHandles, badResidency, badSearches }, 600);
