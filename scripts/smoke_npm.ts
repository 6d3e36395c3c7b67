/**
 * Tries the built packages as users get them: packs `npm/`, lints the tarball, installs
 * it into empty folders, and uses it there in every runtime; and uses `jsr/` in Deno. Linux and
 * macOS; scripts/build_npm.ts and scripts/build_jsr.ts come first.
 *
 * @module
 */
import { readArguments } from "./tools/arguments.ts";
import { inTemporary, sums } from "./tools/smoke/checks.ts";
import { checkDeclarations } from "./tools/smoke/declarations.ts";
import { checkImport } from "./tools/smoke/imports.ts";
import { checkJsr } from "./tools/smoke/jsr.ts";
import { checkRealms } from "./tools/smoke/realms.ts";
import { checkAlone, checkWithBun, checkWithKoffi } from "./tools/smoke/runtimes.ts";
import { checkTarball } from "./tools/smoke/tarball.ts";

readArguments({
  usage: `Usage: npm run smoke

Tries the packages in npm/ and jsr/, which npm run build makes, as their users get them.

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
  await checkJsr();
});
console.log(`smoke: ${sums.passed} passed, ${sums.failed} failed`);
Deno.exitCode = sums.failed === 0 ? 0 : 1;
