/**
 * Tries the built npm package as a user gets it: packs `npm/`, lints the tarball, installs
 * it into empty folders, and uses it there in every runtime. Linux and macOS;
 * scripts/build_npm.ts comes first.
 *
 * @module
 */
import { readArguments } from "./tools/arguments.ts";
import { inTemporary, sums } from "./tools/smoke/checks.ts";
import { checkDeclarations } from "./tools/smoke/declarations.ts";
import { checkImport } from "./tools/smoke/imports.ts";
import { checkRealms } from "./tools/smoke/realms.ts";
import { checkAlone, checkWithBun, checkWithKoffi } from "./tools/smoke/runtimes.ts";
import { checkTarball } from "./tools/smoke/tarball.ts";

readArguments({
  usage: `Usage: npm run smoke

Tries the npm package in npm/, which npm run build makes, as its users get it.

Options:
  -h, --help   print this`,
});

await inTemporary(async () => {
  const tarball = await checkTarball();
  if (tarball === undefined) return;
  const folder = await checkAlone(tarball);
  await checkImport(folder);
  await checkDeclarations(folder);
  await checkRealms(folder);
  await checkWithKoffi(tarball);
  await checkWithBun(tarball);
});
console.log(`smoke: ${sums.passed} passed, ${sums.failed} failed`);
Deno.exitCode = sums.failed === 0 ? 0 : 1;
