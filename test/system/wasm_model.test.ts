import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { closeSync, openSync, readSync } from "node:fs";
import { type Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { test } from "../support/harness.ts";
import { rounds } from "../support/rounds.ts";
import { TempFolder } from "../support/temp_files.ts";
import {
  type ByteModule,
  makeMemory,
  MEMORY_KINDS,
  moduleOver,
  WASM_PAGE,
  withoutEngineMemory,
} from "../support/wasm_module.ts";

const PAGE = pageSize();
const FILES = 2;
/** The pages of each file. */
const FILE_PAGES = 5;
const PER_GROWTH = WASM_PAGE / PAGE;
const MAXIMUM = 6;

/** A page of the memory; its first byte stands for all. */
interface Page {
  /** What it holds, if that is its own. */
  own: number | undefined;
  handle: Handle | undefined;
  /** The page of the file that it shows. */
  filePage: number;
}

interface Handle {
  readonly mmap: Mmap;
  readonly file: number;
  readonly isPrivate: boolean;
}

type Step =
  | {
    readonly verb: "map";
    readonly file: number;
    readonly first: number;
    readonly count: number;
    readonly place: number | undefined;
    readonly isPrivate: boolean;
  }
  | { readonly verb: "unmap"; readonly index: number }
  | { readonly verb: "grow" }
  | { readonly verb: "store"; readonly page: number; readonly byte: number; readonly by: string };

const page = fc.nat(3 * PER_GROWTH);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    verb: fc.constant("map" as const),
    file: fc.nat(FILES - 1),
    first: fc.nat(FILE_PAGES - 1),
    count: fc.integer({ min: 1, max: FILE_PAGES }),
    place: fc.option(page, { nil: undefined }),
    isPrivate: fc.boolean(),
  }),
  fc.record({ verb: fc.constant("unmap" as const), index: fc.nat(9) }),
  fc.record({ verb: fc.constant("grow" as const) }),
  fc.record({
    verb: fc.constant("store" as const),
    page,
    byte: fc.integer({ min: 1, max: 255 }),
    by: fc.constantFrom("view", "module", "handle"),
  }),
);

/** A memory, the files, and what both should hold. */
class Run {
  readonly #memory: WebAssembly.Memory;
  readonly #module: ByteModule;
  readonly #paths: readonly string[];
  readonly #files: number[][] = [];
  readonly #handles: Handle[] = [];
  readonly #pages: Page[] = [];

  constructor(kind: "plain" | "shared", folder: TempFolder) {
    this.#memory = makeMemory(kind, 1, MAXIMUM);
    this.#module = moduleOver(this.#memory);
    this.#grown(1);
    this.#paths = Array.from({ length: FILES }, (_, file) => {
      const pages = Array.from({ length: FILE_PAGES }, (_, page) => 16 * file + page + 1);
      this.#files.push(pages);
      const bytes = new Uint8Array(FILE_PAGES * PAGE).map((_, at) => pages[Math.floor(at / PAGE)]!);
      return folder.file(`${file}`, bytes);
    });
  }

  #grown(count: number): void {
    for (let page = 0; page < count * PER_GROWTH; page++) {
      this.#pages.push({ own: 0, handle: undefined, filePage: 0 });
    }
  }

  take(step: Step): void {
    if (step.verb === "map") this.#map(step);
    if (step.verb === "grow") this.#grow();
    if (step.verb === "store") this.#store(step);
    if (step.verb === "unmap" && this.#handles[step.index] !== undefined) this.#unmap(step.index);
    this.#compare();
  }

  end(): void {
    for (const { mmap } of this.#handles) mmap.unmap();
  }

  #map({ file, first, count, place, isPrivate }: Extract<Step, { verb: "map" }>): void {
    const options = new MmapOptions({ offset: first * PAGE, len: count * PAGE })
      .into(this.#memory, place === undefined ? "grow" : place * PAGE);
    const map = () =>
      isPrivate ? options.map(this.#paths[file]!) : options.mapMut(this.#paths[file]!);
    const start = place ?? this.#pages.length;
    const growth = place === undefined ? Math.ceil(count / PER_GROWTH) : 0;
    const isThere = start + count <= this.#pages.length + growth * PER_GROWTH &&
      this.#pages.length / PER_GROWTH + growth <= MAXIMUM;
    if (first + count > FILE_PAGES || !isThere) return void assertThrows(map, RangeError);
    const isTaken = this.#pages.slice(start, start + count).some(({ handle }) => handle);
    if (isTaken) return assertEquals((assertThrows(map, MmapError) as MmapError).code, "EEXIST");
    const handle = { mmap: map(), file, isPrivate };
    assertEquals([handle.mmap.byteOffset, handle.mmap.byteLength], [start * PAGE, count * PAGE]);
    this.#handles.push(handle);
    this.#grown(growth);
    for (let page = 0; page < count; page++) {
      this.#pages[start + page] = { own: undefined, handle, filePage: first + page };
    }
  }

  #unmap(index: number): void {
    const [handle] = this.#handles.splice(index, 1);
    handle!.mmap.unmap();
    for (const page of this.#pages) {
      if (page.handle === handle) Object.assign(page, { own: 0, handle: undefined });
    }
  }

  #grow(): void {
    if (this.#pages.length === MAXIMUM * PER_GROWTH) return;
    this.#memory.grow(1);
    this.#grown(1);
  }

  #store({ page: at, byte, by }: Extract<Step, { verb: "store" }>): void {
    const page = this.#pages[at];
    if (page === undefined) return;
    const { handle } = page;
    if (by === "module") this.#module.store(at * PAGE, byte);
    else if (by === "handle" && handle !== undefined) {
      handle.mmap.write(Uint8Array.of(byte), at * PAGE - handle.mmap.byteOffset);
    } else new Uint8Array(this.#memory.buffer)[at * PAGE] = byte;
    if (handle === undefined || handle.isPrivate) page.own = byte;
    else this.#files[handle.file]![page.filePage] = byte;
  }

  #compare(): void {
    const expected = this.#pages.map(({ own, handle, filePage }) =>
      own ?? this.#files[handle!.file]![filePage]
    );
    const bytes = new Uint8Array(this.#memory.buffer);
    assertEquals(expected.map((_, at) => bytes[at * PAGE]), expected);
    assertEquals(expected.map((_, at) => this.#module.load(at * PAGE)), expected);
    assertEquals(this.#paths.map(firstBytes), this.#files);
  }
}

/** The first byte of each page of a file, as the runtime reads it. */
function firstBytes(path: string): number[] {
  const file = openSync(path, "r");
  const byte = new Uint8Array(1);
  const bytes = Array.from({ length: FILE_PAGES }, (_, page) => {
    readSync(file, byte, 0, 1, page * PAGE);
    return byte[0]!;
  });
  closeSync(file);
  return bytes;
}

for (const kind of MEMORY_KINDS) {
  test(`files in a ${kind} memory hold what a model says after random steps`, () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
        const folder = new TempFolder();
        const run = new Run(kind, folder);
        try {
          for (const step of steps) run.take(step);
        } finally {
          run.end();
          folder[Symbol.dispose]();
        }
      }),
      { numRuns: rounds("memorySequences"), interruptAfterTimeLimit: 60_000 },
    );
  }, { skip: withoutEngineMemory });
}
