/**
 * The public calls of which every native call is made to fail.
 *
 * @module
 */
import { mapping } from "./mapping.ts";
import type { Scenarios } from "./prepared.ts";
import { pages } from "./pages.ts";
import { resizing } from "./resizing.ts";
import { sharing } from "./sharing.ts";
import { unmapping } from "./unmapping.ts";
import { waiting } from "./waiting.ts";

export const SCENARIOS: Scenarios = {
  ...mapping,
  ...pages,
  ...waiting,
  ...resizing,
  ...sharing,
  ...unmapping,
};
