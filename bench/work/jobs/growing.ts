/**
 * Numbers that are appended to an array whose final length nobody knows.
 *
 * @module
 */
import { MmapOptions } from "../../../mod.ts";
import { serveJob, type Way } from "./job.ts";

/** The most numbers that any of the arrays could get: addresses are free. */
const MOST = 2 ** 30;
/** A step by which memory grows, in bytes. */
const STEP = 2 ** 24;

/** Returns an array that has room for all numbers of so many steps. */
type Grow = (step: number) => Float64Array;

const appending = (start: () => Grow): Way => ({ size }) => {
  const grow = start();
  let numbers: Float64Array = new Float64Array();
  return {
    run() {
      const count = size / 8;
      let capacity = 0;
      for (let length = 0; length < count; length += STEP / 8) {
        if (length + STEP / 8 > capacity) {
          capacity = (numbers = grow(length / (STEP / 8) + 1)).length;
        }
        append(numbers, length);
      }
      return numbers[0]! + numbers[count - 1]!;
    },
  };
};

function append(numbers: Float64Array, start: number): void {
  for (let index = start; index < start + STEP / 8; index++) numbers[index] = index;
}

await serveJob({
  "sysalloc/growing": appending(() => {
    const mmap = new MmapOptions({ len: 8 * MOST }).reserve();
    return (step) => {
      mmap.commit((step - 1) * STEP, STEP);
      return mmap.view(Float64Array, 0, step * STEP / 8);
    };
  }),
  "resizable/growing": appending(() => {
    const buffer = new ArrayBuffer(0, { maxByteLength: 2 ** 32 });
    return (step) => {
      buffer.resize(step * STEP);
      return new Float64Array(buffer);
    };
  }),
  "doubling/growing": appending(() => {
    let numbers = new Float64Array();
    return (step) => {
      const longer = new Float64Array(Math.max(step * STEP / 8, 2 * numbers.length));
      longer.set(numbers);
      return numbers = longer;
    };
  }),
});
