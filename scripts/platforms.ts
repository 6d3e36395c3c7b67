/**
 * Runs the suite on platforms that this machine is not.
 *
 * @module
 */
import { arm64 } from "./matrices/platforms/arm64.ts";
import { arm64With16kPages } from "./matrices/platforms/arm64_16k.ts";
import { musl } from "./matrices/platforms/musl.ts";
import { platformResults } from "./matrices/platforms/results.ts";
import { windows } from "./matrices/platforms/windows.ts";
import { runMatrix } from "./tools/matrix.ts";
import { copySuite } from "./tools/suite_copy.ts";
import { finishSuite, suitePlace } from "./tools/suite_run.ts";
import { realSystemFiles, testFiles } from "./tools/suite.ts";

const PLATFORMS = [arm64With16kPages, arm64, windows, musl];

/** The runs of CI: emulation takes long, so each runtime on one platform, and no virtual machine. */
const SHORT: Readonly<Record<string, string>> = {
  [arm64.name]: "Bun",
  [windows.name]: "Deno",
  [musl.name]: "Node.js 24 (koffi)",
};

const FILES = {
  all: testFiles(),
  // Of the tests that start child processes, CI runs those of machine code.
  short: [...realSystemFiles(), "./test/process/truncation.test.ts"],
};

await runMatrix({
  name: "platforms",
  about: `Runs the suite on platforms that this machine is not, from Debian as root. What
that needs is fetched into .cache/matrix.`,
  places: PLATFORMS.map((system) =>
    suitePlace(system, ({ label }) => SHORT[system.name] === label, () => FILES)
  ),
  prepare: () => copySuite(),
  finish: finishSuite(platformResults, PLATFORMS),
});
