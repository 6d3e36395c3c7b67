import { Mmap, MmapOptions } from "../../mod.ts";
import { platform } from "../support/harness.ts";
import {
  as,
  type BadCall,
  GRANULARITY,
  mmap,
  NOT_ADDRESSES,
  NOT_BOOLEANS,
  NOT_BYTE_COUNTS,
  NOT_WHOLE_NUMBERS,
  options,
  PAGE,
  testBadCalls,
} from "../support/bad_input.ts";

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
      `The option "${name}" is unknown: the options are len, capacity, hint, populate, noReserve, strict`,
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
  const unset = "The length (len) must be greater than 0: set len()";
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

testBadCalls({ badLengthsAndAddresses, badOptions, badMappings }, 200);
