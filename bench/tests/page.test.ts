import { assertEquals } from "@std/assert";
import { BENCHMARKS } from "../catalogue/all.ts";
import { BENCH } from "../driver/places.ts";
import { resultsPage } from "../report/page.ts";

Deno.test("results.md is the page of results.json: npm run bench -- --report writes it", async () => {
  const [json, page] = await Promise.all(
    ["results.json", "results.md"].map((name) => Deno.readTextFile(`${BENCH}/${name}`)),
  );
  assertEquals(resultsPage(JSON.parse(json!), BENCHMARKS), page);
});
