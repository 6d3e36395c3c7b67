import { assertThrows } from "@std/assert";
import { type ViewConstructor, viewType } from "../../core/pages/view_type.ts";
import { test } from "../support/harness.ts";

test("viewType() refuses undefined before it has seen a constructor", () => {
  const type = undefined as unknown as ViewConstructor<Uint8Array>;
  assertThrows(() => viewType(type), TypeError, "The type must be a typed array constructor");
});
