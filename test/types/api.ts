/**
 * The types of the public API under every type checker. Checked, never run.
 *
 * @module
 */
import {
  type Access,
  type Advice,
  type allocationGranularity,
  type FlushAsyncOptions,
  type maxViewByteLength,
  Mmap,
  MmapError,
  type MmapInit,
  MmapOptions,
  type MmapPin,
  type MmapRange,
  type MmapSettings,
  type pageSize,
  type PrefaultOptions,
  type RawMmap,
  type Region,
  type RegionAccess,
  type regions,
  type RegionsOptions,
  removeShared,
  type SharedMode,
  type SharedOptions,
  type ViewConstructor,
  type ViewOf,
  type WaitResult,
} from "../../mod.ts";
import { type Equal, type Expect, expectType } from "./expect.ts";

export function views(mmap: Mmap, name: "F32" | "Map"): void {
  expectType(mmap.bytes).is<Uint8Array<ArrayBuffer>>();
  expectType(mmap.view(Int8Array)).is<Int8Array<ArrayBuffer>>();
  expectType(mmap.view(Uint8Array, 1)).is<Uint8Array<ArrayBuffer>>();
  expectType(mmap.view(Uint8ClampedArray, 0, 1)).is<Uint8ClampedArray<ArrayBuffer>>();
  expectType(mmap.view(Int16Array)).is<Int16Array<ArrayBuffer>>();
  expectType(mmap.view(Uint16Array)).is<Uint16Array<ArrayBuffer>>();
  expectType(mmap.view(Int32Array)).is<Int32Array<ArrayBuffer>>();
  expectType(mmap.view(Uint32Array)).is<Uint32Array<ArrayBuffer>>();
  expectType(mmap.view(BigInt64Array)).is<BigInt64Array<ArrayBuffer>>();
  expectType(mmap.view(BigUint64Array)).is<BigUint64Array<ArrayBuffer>>();
  expectType(mmap.view(Float16Array)).is<Float16Array<ArrayBuffer>>();
  expectType(mmap.view(Float32Array)).is<Float32Array<ArrayBuffer>>();
  expectType(mmap.view(Float64Array)).is<Float64Array<ArrayBuffer>>();
  expectType(mmap.view(DataView)).is<DataView<ArrayBuffer>>();
  expectType(mmap.arrayBuffer()).is<ArrayBuffer>();
  expectType(mmap.pin()).is<MmapPin>();
  const options: FlushAsyncOptions = { signal: new AbortController().signal };
  expectType(mmap.flushAsync()).is<Promise<void>>();
  expectType(mmap.flushAsync(0n, 1, options)).is<Promise<void>>();
  expectType(mmap.arrayBuffer(8n, 2)).is<ArrayBuffer>();
  class Header extends DataView<ArrayBuffer> {}
  expectType(mmap.view(Header)).is<Header>();
  class Pixels extends Uint8ClampedArray<ArrayBuffer> {}
  expectType(mmap.view(Pixels)).is<Pixels>();

  expectType(mmap.view(Float32Array, 8n, 2n)).is<Float32Array<ArrayBuffer>>();
  // @ts-expect-error: an element of the table is no view
  mmap.view({ F32: Float32Array, Map }[name]);
  // @ts-expect-error: not a view
  mmap.view(Array);
  // @ts-expect-error: a name is not a constructor
  mmap.view("Uint8Array");
  // @ts-expect-error: a buffer is not a view
  mmap.view(ArrayBuffer);
  // @ts-expect-error: offsets are numbers or bigints
  mmap.view(Uint8Array, "1");
  // @ts-expect-error: lengths are numbers
  mmap.view(Uint8Array, 0, "1");
  // @ts-expect-error: the memory is not shared with other agents
  expectType(mmap.bytes).is<Uint8Array<SharedArrayBuffer>>();
}

export function sharing(options: MmapOptions, init: SharedOptions, mode: SharedMode): void {
  expectType(options.mapRead("file")).is<Mmap>();
  expectType(options.mapShared("name")).is<Mmap>();
  expectType(options.mapShared("name", init)).is<Mmap>();
  expectType(options.mapShared("name", { mode })).is<Mmap>();
  expectType(options.mapShared("name", { mode: undefined })).is<Mmap>();
  expectType(options.mapShared("name", { mode, foreign: true })).is<Mmap>();
  expectType(removeShared("name")).is<void>();
  // @ts-expect-error: a name is needed
  options.mapShared();
  // @ts-expect-error: a flag
  options.mapShared("name", { foreign: 1 });
  // @ts-expect-error: no such mode
  options.mapShared("name", { mode: "make" });
  // @ts-expect-error: a name is a string
  removeShared(1);
}

const TYPES: { F32: Float32ArrayConstructor; I8: Int8ArrayConstructor } = {
  F32: Float32Array,
  I8: Int8Array,
};

/** Views of what a file says, by a table. */
export function tables<K extends keyof typeof TYPES>(mmap: Mmap, name: "F32" | "I8", key: K): void {
  expectType(mmap.view(TYPES[name])).is<Float32Array<ArrayBuffer> | Int8Array<ArrayBuffer>>();
  expectType(mmap.view({ F32: Float32Array, I8: DataView }[name], 0, 1))
    .is<Float32Array<ArrayBuffer> | DataView<ArrayBuffer>>();
  expectType(mmap.view(TYPES.I8)).is<Int8Array<ArrayBuffer>>();
  const view: ViewOf<(typeof TYPES)[K]> = mmap.view(TYPES[key]);
  const length: number = view.length;
  void length;
}

export function searching(mmap: Mmap, record: MmapRange): void {
  expectType(mmap.indexOf("text")).is<number>();
  expectType(mmap.lastIndexOf(10, 0, 4096)).is<number>();
  expectType(mmap.count(new Float32Array(1), 1n, 2n)).is<number>();
  for (const range of mmap.split("\n")) expectType(range).is<MmapRange>();
  const { byteOffset, byteLength } = record;
  expectType(mmap.indexOf(0, byteOffset, byteOffset + byteLength)).is<number>();
  // @ts-expect-error: a pattern is needed
  mmap.indexOf();
  // @ts-expect-error: a buffer is not a view
  mmap.count(new ArrayBuffer(1));
  // @ts-expect-error: a byte is a number
  mmap.split(10n);
  // @ts-expect-error: the range cannot be changed
  record.byteOffset = 1;
}

/** Ranges by bigints, as addresses are. */
export function ranges(mmap: Mmap, bytes: Uint8Array): void {
  mmap.read(bytes, 1n);
  mmap.write(bytes, 1n);
  mmap.protect("read", 0n, 4096n);
  mmap.commit(0n, 4096n);
  mmap.decommit(0n, 4096n);
  mmap.discard(0n, 4096);
  mmap.flush(0n, 1n);
  mmap.startFlush(0, 1n);
  mmap.advise("normal", 0n, 1n);
  mmap.lock(0n, 1n);
  mmap.unlock(0n, 1n);
  expectType(mmap.resident(0n, 1n)).is<number>();
  expectType(mmap.accessAt(0n)).is<Access>();
  expectType(mmap.wait(0n, 1)).is<WaitResult>();
  expectType(mmap.notify(0n)).is<number>();
  mmap.waitAsync(0n, 1);
  mmap.prefault({ byteOffset: 0n, byteLength: 1n });
}

/** A caller's own function over any view. */
export function generic<V extends ArrayBufferView>(mmap: Mmap, type: ViewConstructor<V>): V {
  return mmap.view(type, 8);
}

export function options(init: MmapInit): void {
  expectType(new MmapOptions().len(1).withHint(1n).populate().noReserve().strict())
    .is<MmapOptions>();
  expectType(
    new MmapOptions(init).len(1n).withHint(1).populate(false).noReserve(false).strict(false),
  )
    .is<MmapOptions>();
  expectType(new MmapOptions().settings).is<MmapSettings>();
  expectType(new MmapOptions({}).mapAnon()).is<Mmap>();
  new MmapOptions({ len: 1, hint: 1n, populate: true, noReserve: true, strict: true });
  new MmapOptions({ len: undefined, hint: undefined, strict: undefined });
  new MmapOptions({ len: 1, capacity: 2n }).capacity(2).mapAnon().resize();
  new MmapOptions(new MmapOptions().settings);

  // @ts-expect-error: the option is called len
  new MmapOptions({ length: 1 });
  // @ts-expect-error: lengths are numbers or bigints
  new MmapOptions().len("1");
  // @ts-expect-error: hints are numbers or bigints
  new MmapOptions({ hint: "0x1000" });
  // @ts-expect-error: flags are booleans
  new MmapOptions().populate(1);
  // @ts-expect-error: options are immutable
  new MmapOptions().settings.len = 1;
  // @ts-expect-error: options are immutable
  init.len = 1;
}

export function handle(mmap: Mmap): void {
  using scoped: Disposable = mmap;
  expectType(mmap.address).is<bigint>();
  expectType(mmap.byteLength).is<number>();
  expectType(mmap.isEmpty).is<boolean>();
  expectType(mmap.closed).is<boolean>();
  expectType(mmap.flush()).is<void>();
  expectType(mmap.unmap()).is<void>();
  expectType(mmap.intoRaw()).is<RawMmap>();
  expectType(Mmap.unsafeFromRaw(1n, 1)).is<Mmap>();
  expectType(Mmap.unsafeFromRaw(1, 1n)).is<Mmap>();
  expectType(structuredClone(mmap.intoRaw())).is<RawMmap>();
  scoped[Symbol.dispose]();

  // @ts-expect-error: only options make mappings
  new Mmap();
  // @ts-expect-error: a length does not change
  mmap.byteLength = 1;
  // @ts-expect-error: a handle is not its address
  Mmap.unsafeFromRaw(mmap, 1);
}

export function residency(mmap: Mmap, advice: Advice, options: PrefaultOptions): void {
  expectType(mmap.advise(advice, 0, 1)).is<void>();
  expectType(mmap.lock(0, 1)).is<void>();
  expectType(mmap.unlock()).is<void>();
  expectType(mmap.resident(1)).is<number>();
  expectType(mmap.prefault(options)).is<Promise<void>>();
  mmap.prefault({ signal: new AbortController().signal, onProgress: () => {} });

  // @ts-expect-error: not an advice
  mmap.advise("hwpoison");
  // @ts-expect-error: offsets are numbers or bigints
  mmap.lock("1");
  // @ts-expect-error: the option is called byteLength
  mmap.prefault({ length: 1 });
  // @ts-expect-error: a controller is not its signal
  mmap.prefault({ signal: new AbortController() });
}

export function errors(error: unknown): void {
  if (!(error instanceof MmapError)) return;
  expectType(error.code).is<string>();
  expectType(error.syscall).is<string | undefined>();
  expectType(error.osError).is<number | undefined>();
  expectType(error.requested).is<bigint | undefined>();
  expectType(error.actual).is<bigint | undefined>();
  const base: Error = error;
  expectType(base.cause).is<unknown>();

  // @ts-expect-error: an error does not change
  error.code = "ENOMEM";
}

export type Exact = [
  Expect<Equal<MmapError["name"], "MmapError">>,
  Expect<Equal<typeof pageSize, () => number>>,
  Expect<Equal<typeof allocationGranularity, () => number>>,
  Expect<Equal<typeof maxViewByteLength, () => number>>,
  Expect<Equal<keyof MmapInit, keyof MmapSettings>>,
  Expect<Equal<typeof regions, (options?: RegionsOptions) => Region[]>>,
  Expect<Equal<Region["access"], RegionAccess>>,
  Expect<Equal<Extract<RegionAccess, Access>, Access>>, // what mappings of the library can be
  Expect<Equal<Region["path"], string | undefined>>,
  Expect<Equal<Region["address"], bigint>>,
];
