/**
 * What the command line asks for.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { BENCHMARKS } from "../catalogue.ts";
import { readRequest, type Request } from "../request.ts";

Deno.test("readRequest() takes all benchmarks where none is named", () => {
  assertEquals(readRequest([], false), { isQuick: false, benchmarks: BENCHMARKS, unknown: {} });
  assertEquals((readRequest([], true) as Request).isQuick, true);
});

Deno.test("readRequest() names what it does not know, and takes the others", () => {
  const { benchmarks, unknown } = readRequest(["views", "vews", "map"], false) as Request;
  assertEquals(benchmarks.map(({ name }) => name), ["map", "views"]);
  assertEquals(unknown, { vews: "there is no such benchmark" });
});

Deno.test("readRequest() lists what there is where it knows none", () => {
  const message = readRequest(["vews"], false) as string;
  assertStringIncludes(message, "There is no benchmark vews");
  assertStringIncludes(message, "30,000 live mappings");
});
