// Has changes of access end midway, as they do where the stack is exhausted, and
// then stores to all that can be viewed.
import { type Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";

const PAGE = pageSize();
const { slice, toSpliced } = Array.prototype;

/** Has the call end where the library looks at or notes access for the time `at`; tells whether it came so far. */
function interrupted(at: number, call: () => void): boolean {
  let count = 0;
  const counted = <F extends typeof slice | typeof toSpliced>(method: F): F =>
    function (this: unknown[], ...rest: unknown[]): unknown[] {
      if (++count === at) throw new RangeError("Maximum call stack size exceeded");
      return Reflect.apply(method, this, rest);
    } as F;
  Array.prototype.slice = counted(slice);
  Array.prototype.toSpliced = counted(toSpliced);
  try {
    call();
    return false;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return true;
  } finally {
    Array.prototype.slice = slice;
    Array.prototype.toSpliced = toSpliced;
  }
}

const changes: readonly ((mmap: Mmap) => void)[] = [
  (mmap) => mmap.unsafeProtect("none", PAGE, PAGE),
  (mmap) => mmap.unsafeProtect("read", 0, 2 * PAGE),
  (mmap) => mmap.decommit(PAGE, PAGE),
];
const ends = changes.map((change) => {
  for (let at = 1;; at++) {
    const mmap = new MmapOptions({ len: 3 * PAGE }).mapAnon();
    const isInterrupted = interrupted(at, () => change(mmap));
    for (let page = 0; page < 3; page++) {
      try {
        mmap.view(Uint8Array, page * PAGE, PAGE).fill(1);
      } catch (error) {
        if (!(error instanceof MmapError)) throw error;
      }
    }
    mmap.unmap();
    if (!isInterrupted) return at - 1;
  }
});
console.log(JSON.stringify(ends));
