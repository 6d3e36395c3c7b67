/**
 * Builds and runs a program that uses the package in the ways that people do.
 *
 * @module
 */
import { embeddingPlaces } from "./matrices/embeddings/building.ts";
import { EMBEDDINGS } from "./matrices/embeddings/declared.ts";
import { runMatrix } from "./tools/matrix.ts";

await runMatrix({
  name: "embeddings",
  about: `Builds and runs a program that uses the package as people do: by package managers,
bundlers, test runners and single executables. The package is the one in npm/, which
npm run build makes. The tools come from npm into .cache/matrix. Linux x64.`,
  places: embeddingPlaces(EMBEDDINGS),
});
