import { assertEquals, assertStringIncludes } from "@std/assert";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { childValue } from "../support/child_processes.ts";
import { runtime, sourceUrl, test, unlessBun14 } from "../support/harness.ts";

interface FirstUse {
  onImport: string[];
  builtins: string[];
  firstUse: "worked" | { class: string; name: string; message: string; cause: string };
  koffi: boolean;
}

const needsKoffi = runtime === "node" && process.getBuiltinModule("node:ffi") === undefined;
const unlessDeno = runtime === "deno" ? undefined : "permissions are Deno's";

test("importing the module loads nothing, and first use what this runtime needs", async () => {
  const { onImport, builtins, firstUse, koffi } = await childValue<FirstUse>("first_use.ts");
  assertEquals(onImport, []);
  assertEquals(
    builtins,
    {
      deno: [],
      bun: unlessBun14 === undefined ? ["bun:ffi", "node:worker_threads"] : ["bun:ffi"],
      node: needsKoffi ? ["node:ffi", "node:module", "node:buffer"] : ["node:ffi"],
    }[runtime],
  );
  assertEquals(firstUse, "worked");
  assertEquals(koffi, needsKoffi);
});

test("importing needs no permission, and first use gives Deno's NotCapable", async () => {
  const { firstUse } = await childValue<FirstUse>("first_use.ts", {
    permissions: ["--no-prompt"],
  });
  if (firstUse === "worked") throw new Error("It worked without permission");
  assertEquals([firstUse.class, firstUse.name], ["NotCapable", "NotCapable"]);
  assertStringIncludes(firstUse.message, "--allow-ffi");
}, { skip: unlessDeno });

test("--allow-ffi is all the permission that is needed", async () => {
  const { firstUse } = await childValue<FirstUse>("first_use.ts", {
    permissions: ["--no-prompt", "--allow-ffi"],
  });
  assertEquals(firstUse, "worked");
}, { skip: unlessDeno });

test("where koffi is not installed, first use works without it or says to install it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sysalloc-"));
  try {
    for (const part of ["mod.ts", "core", "ffi"]) {
      const from = fileURLToPath(sourceUrl(`../../${part}`));
      cpSync(from, join(folder, basename(from)), { recursive: true });
    }
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const { firstUse, koffi } = await childValue<FirstUse>("first_use.ts", {
      args: [pathToFileURL(join(folder, basename(fileURLToPath(sourceUrl("../../mod.ts"))))).href],
    });
    assertEquals(koffi, false);
    if (!needsKoffi) {
      assertEquals(firstUse, "worked");
      return;
    }
    if (firstUse === "worked") throw new Error("It worked without an FFI");
    assertEquals(firstUse.class, "Error");
    assertStringIncludes(
      firstUse.message,
      "install the optional peer dependency koffi (npm install koffi), which was not found from " +
        pathToFileURL(join(folder, "ffi/runtime/koffi_places.")),
    );
    assertStringIncludes(firstUse.cause, "Cannot find module 'koffi'");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
