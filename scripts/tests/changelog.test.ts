import { assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };

Deno.test("the CHANGELOG begins with the version of deno.json", () => {
  const text = Deno.readTextFileSync(new URL("../../CHANGELOG.md", import.meta.url));
  assertEquals(/^## \[(.+?)\] - /m.exec(text)?.[1], config.version);
});
