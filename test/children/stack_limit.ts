// Resizes at ever greater distances from the end of the stack, until one is enough,
// and tells how many calls were refused, and how many of those changed something.
import { MmapOptions, pageSize } from "../../mod.ts";
import { rounds } from "../support/rounds.ts";

const PAGE = pageSize();

/** Calls `call` about so many frames before the end of the stack. */
function nearTheEnd(frames: number, call: () => void): void {
  const descend = (): number => {
    let depth = 0;
    try {
      depth = descend() + 1;
    } catch {
      return 0; // here it ended
    }
    if (depth === frames) call();
    return depth;
  };
  descend();
}

function refusals(pages: number): { readonly refused: number; readonly changed: number } {
  let refused = 0;
  let changed = 0;
  for (let frames = 1, isDone = false; !isDone; frames++) {
    const mmap = new MmapOptions({ len: 4 * PAGE }).mapAnon();
    const { bytes } = mmap;
    nearTheEnd(frames, () => {
      try {
        mmap.resize(pages * PAGE);
        isDone = true;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        refused++;
      }
    });
    if (!isDone && bytes.length !== 4 * PAGE) changed++;
    mmap.unmap();
  }
  return { refused, changed };
}

const all = [1, 64].slice(0, rounds("resizesAtDepth")).map(refusals);
console.log(JSON.stringify({
  areRefused: all.every(({ refused }) => refused > 0),
  changed: all.reduce((sum, { changed }) => sum + changed, 0),
}));
