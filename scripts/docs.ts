/**
 * Builds the documentation site: the pages of `docs/` by VitePress, and the API by `deno doc`.
 *
 * @module
 */
import { join } from "node:path";
import { readArguments, wholeNumber } from "./tools/arguments.ts";
import { project } from "./tools/cache.ts";
import { BUILT, serveSite } from "./tools/docs/site.ts";
import { RUNTIMES } from "./tools/suite.ts";

/** What the style of `deno doc` lacks. */
const PHONE = `
@media (max-width: 640px) {
  #topnav, #topnav > div { height: auto }
  #topnav > div { flex-wrap: wrap }
  .ddoc * { min-width: 0 }
  pre { overflow-x: auto }
}
`;

const { values } = readArguments({
  usage: `Usage: npm run docs [-- --serve]

Builds the site of docs/ into .cache/site/. A dead link is an error.

Options:
      --serve      show it afterwards, until it is interrupted
      --port PORT  the port for that; default: 4173
  -h, --help       print this`,
  options: { serve: { type: "boolean" }, port: { type: "string", default: "4173" } },
});
const port = wholeNumber("--port", values.port);

await run(RUNTIMES.node26!.program, "node_modules/vitepress/bin/vitepress.js", "build", "docs");
const api = ["--html", "--name=sysalloc", `--output=${join(BUILT, "api")}`, "mod.ts"];
await run(Deno.execPath(), "doc", "--quiet", ...api);
await Deno.writeTextFile(join(BUILT, "api/page.css"), PHONE, { append: true });
if (values.serve) console.log(serveSite(port).address);

async function run(program: string, ...args: readonly string[]): Promise<void> {
  const command = new Deno.Command(program, { args: [...args], cwd: project, stdin: "null" });
  const { code } = await command.spawn().status;
  if (code !== 0) Deno.exit(code);
}
