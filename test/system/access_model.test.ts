import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Access, type Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { test } from "../support/harness.ts";
import { rounds } from "../support/rounds.ts";

const PAGE = pageSize();
const PAGES = 6;

/** One page, as the documentation has it. */
interface Page {
  access: Access;
  /** Its first byte, which stands for all. */
  content: number;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

type Step =
  & Range
  & ({
    readonly verb: "protect";
    readonly access: Access;
  } | {
    readonly verb: "commit" | "decommit" | "discard" | "load";
  } | {
    readonly verb: "store";
    readonly content: number;
  });

const range = fc.tuple(fc.nat(PAGES - 1), fc.integer({ min: 1, max: PAGES }))
  .map(([start, length]) => ({ start, end: Math.min(PAGES, start + length) }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    verb: fc.constant("protect" as const),
    access: fc.constantFrom<Access>("none", "read", "read-write", "read-execute"),
  }),
  fc.record({ verb: fc.constantFrom("commit" as const, "decommit", "discard", "load") }),
  fc.record({ verb: fc.constant("store" as const), content: fc.integer({ min: 1, max: 255 }) }),
).chain((step) => range.map((range) => ({ ...step, ...range })));

function isViewable(pages: readonly Page[]): boolean {
  return pages.every(({ access }) => access === "read-write");
}

/** Does a step to the mapping and to the model, and compares. */
function take(step: Step, mmap: Mmap, model: readonly Page[]): void {
  const pages = model.slice(step.start, step.end);
  const [byteOffset, byteLength] = [step.start * PAGE, (step.end - step.start) * PAGE];
  switch (step.verb) {
    case "protect":
      mmap.unsafeProtect(step.access, byteOffset, byteLength);
      for (const page of pages) page.access = step.access;
      break;
    case "commit":
      mmap.commit(byteOffset, byteLength);
      for (const page of pages) if (page.access === "none") page.access = "read-write";
      break;
    case "decommit":
      mmap.decommit(byteOffset, byteLength);
      for (const page of pages) Object.assign(page, { access: "none", content: 0 });
      break;
    default: {
      const call = () =>
        step.verb === "discard"
          ? mmap.discard(byteOffset, byteLength)
          : mmap.view(Uint8Array, byteOffset, byteLength);
      if (!isViewable(pages)) {
        assertEquals(assertThrows(call, MmapError).code, "EACCES");
        return;
      }
      const view = call();
      if (step.verb === "store") view!.fill(step.content);
      if (step.verb === "load") {
        assertEquals(pages.map((_, index) => view![index * PAGE]), pages.map((p) => p.content));
        assertEquals(
          pages.map((_, i) => view!.at((i + 1) * PAGE - 1)),
          pages.map((p) => p.content),
        );
        return;
      }
      for (const page of pages) page.content = step.verb === "store" ? step.content : 0;
    }
  }
}

for (const isReserved of [false, true]) {
  const what = isReserved ? "a reservation" : "a mapping";
  test(`pages of ${what} have the access and the content that the calls gave them`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const options = new MmapOptions({ len: PAGES * PAGE });
        const mmap = isReserved ? options.reserve() : options.mapAnon();
        const model: Page[] = Array.from(
          { length: PAGES },
          () => ({ access: mmap.accessAt(0), content: 0 }),
        );
        for (const step of steps) {
          take(step, mmap, model);
          assertEquals(
            model.map((_, page) => mmap.accessAt(page * PAGE)),
            model.map((p) => p.access),
          );
        }
        mmap.unsafeProtect("read-write");
        assertEquals(
          model.map((_, page) => mmap.bytes[page * PAGE]),
          model.map(({ content }) => content),
        );
        mmap.unmap();
      }),
      { numRuns: rounds("accessSequences") },
    );
  });
}
