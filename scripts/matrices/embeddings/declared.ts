/**
 * The ways to embed the package that are tried.
 *
 * @module
 */
import { BUNDLED } from "./bundled.ts";
import type { Embedding } from "./embedding.ts";
import { EXECUTABLES } from "./executables.ts";
import { INSTALLED } from "./installed.ts";
import { TESTED } from "./tested.ts";

/** All of them. */
export const EMBEDDINGS: readonly Embedding[] = [
  ...INSTALLED,
  ...BUNDLED,
  ...EXECUTABLES,
  ...TESTED,
];
