/**
 * Makes every public call in the surroundings that programs live in: sandboxes, limits,
 * containers.
 *
 * @module
 */
import { SURROUNDINGS } from "./matrices/surroundings/declared.ts";
import { surroundingPlace } from "./matrices/surroundings/probing.ts";
import { runMatrix } from "./tools/matrix.ts";

await runMatrix({
  name: "surroundings",
  about: `Makes every public call of the library in the surroundings that programs live in on Linux:
system calls that a sandbox refuses, small limits, a full disk, no /proc, a control group, a user
without rights, gVisor. No call may end the process, hang, leak or be refused without a reason.
Needs root. gVisor is found as runsc, or by the environment variable RUNSC.`,
  places: SURROUNDINGS.map(surroundingPlace),
});
