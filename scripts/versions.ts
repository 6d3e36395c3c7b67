/**
 * Runs the suite in the versions of the runtimes that people have.
 *
 * @module
 */
import { isShort, VERSIONS } from "./matrices/versions/declared.ts";
import { versionResults } from "./matrices/versions/results.ts";
import { filesOf, prepareSuite } from "./matrices/versions/suite.ts";
import { tooOld } from "./matrices/versions/too_old.ts";
import { runMatrix } from "./tools/matrix.ts";
import { finishSuite, suitePlace } from "./tools/suite_run.ts";

await runMatrix({
  name: "versions",
  about: `Runs the suite in the versions of the runtimes that people have, on Linux x64,
and checks that versions that are too old say so. They are fetched into .cache/matrix.`,
  prepare: prepareSuite,
  places: [...VERSIONS.map((system) => suitePlace(system, isShort, filesOf)), tooOld],
  finish: finishSuite(versionResults, VERSIONS),
});
