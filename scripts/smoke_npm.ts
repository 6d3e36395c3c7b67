/**
 * Tries the built npm package as a user gets it: packs `npm/`, lints the
 * tarball, installs it into empty folders, and runs a small program there in
 * every runtime. Linux and macOS; scripts/build_npm.ts comes first.
 *
 * @module
 */
import { join } from "node:path";
import config from "../package.json" with { type: "json" };
import { readArguments } from "./arguments.ts";
import { fetchTool } from "./smoke/tools.ts";

readArguments({
  usage: `Usage: npm run smoke

Tries the npm package in npm/, which npm run build makes, as its users get it.

Options:
  -h, --help   print this`,
});

const ROOT = join(import.meta.dirname!, "..");
const TOOLS = join(ROOT, "node_modules");
const KOFFI = `koffi@${config.devDependencies.koffi}`;

const JEST = "30.5.2";
const SES = "2.3.0";
const NEWEST_TYPESCRIPT = config.devDependencies.typescript;
/** The README names the first one. */
const TYPESCRIPTS = ["5.7.3", "5.9.3", NEWEST_TYPESCRIPT];

/** What the tarball holds, and nothing else. */
const HOLDS = [
  "package.json",
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
  "esm/mod.js",
  "esm/mod.js.map",
  "esm/mod.d.ts",
  "esm/cli.js",
  "esm/cli.js.map",
];

/** Uses memory, by plain JavaScript. */
const PROGRAM = `
import assert from "node:assert/strict";
import * as sysalloc from "sysalloc";
const { allocationGranularity, maxViewByteLength, Mmap, MmapError } = sysalloc;
const { MmapOptions, pageSize } = sysalloc;

const len = 65536;
const memory = new MmapOptions().len(len).populate().mapAnon();
assert(memory instanceof Mmap);
assert.equal(memory.byteLength, len);
assert(allocationGranularity() % pageSize() === 0);
assert(maxViewByteLength() >= len);

const { address, bytes } = memory;
assert.equal(bytes[len - 1], 0);
bytes[len - 1] = 42;
assert.equal(memory.bytes[len - 1], 42);

assert.throws(
  () => new MmapOptions({ len, hint: address, strict: true }).mapAnon(),
  (error) => error instanceof MmapError && error.code === "EADDRNOTAVAIL",
);

memory.unmap();
assert.equal(memory.closed, true);
assert.equal(bytes.length, 0);
assert.equal(bytes[len - 1], undefined);
console.log(len + " bytes at 0x" + address.toString(16));
`;

/** Fails in the library, whose frames the source map names. */
const PROGRAM_WITH_TRACE = `
import assert from "node:assert/strict";
import { MmapOptions } from "sysalloc";

assert.throws(() => new MmapOptions().len(-1), (error) => {
  const frame = error.stack.split("\\n").find((line) => line.includes("arguments.ts"));
  console.log(frame.trim());
  return /checks.arguments\\.ts:\\d+/.test(frame);
});
`;

/** Finds no FFI, but only when it asks for it. */
const PROGRAM_WITHOUT_FFI = `
import assert from "node:assert/strict";
import { pageSize } from "sysalloc";

assert.throws(pageSize, (error) => {
  console.log(error.message);
  return /install.* koffi/.test(error.message);
});
`;

/** Uses the declarations, of which the last line must be refused. */
const TYPED_PROGRAM = `
import { Mmap, type MmapInit, MmapOptions, pageSize } from "sysalloc";

const init: MmapInit = { len: pageSize() };
const memory: Mmap = new MmapOptions(init).withHint(0n).mapAnon();
const address: bigint = memory.address;
const numbers: Float64Array = memory.view(Float64Array, 8n);
const types = { F32: Float32Array, I8: Int8Array };
const one: Float32Array | Int8Array = memory.view(types[address > 0n ? "F32" : "I8"]);
const exact: Float32Array<ArrayBuffer> = memory.view(types.F32);
const header: DataView<ArrayBuffer> = memory.view(DataView, 0, 16);
const disposable: Disposable = memory;
void [address, numbers, one, exact, header, disposable];
// @ts-expect-error: a length is a number or a bigint
new MmapOptions().len("4096");
`;

const temporary = await Deno.makeTempDir({ prefix: "sysalloc-smoke-" });
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => interruption.abort(signal));
}

let passed = 0;
let failed = 0;
try {
  await smoke();
} finally {
  await Deno.remove(temporary, { recursive: true });
}
console.log(`smoke: ${passed} passed, ${failed} failed`);
Deno.exitCode = failed === 0 ? 0 : 1;

async function smoke(): Promise<void> {
  let tarball = "";
  await check("npm pack", async () => {
    const { filename, files } = await pack();
    tarball = join(temporary, filename);
    checkFiles(files.map(({ path }) => path));
    return `${files.length} files`;
  });
  if (tarball === "") return;

  const node22 = join(TOOLS, "node22/bin/node");
  const node24 = join(TOOLS, "node24/bin/node");
  const node26 = join(TOOLS, "node26/bin/node");
  // It is looked for beside the executable too, where it is for this one.
  const elsewhere = `data:text/javascript,process.execPath="/"`;
  const withoutKoffi = [node22, "--import", elsewhere];

  await check(
    "publint",
    () => run([node24, join(TOOLS, ".bin/publint"), "run", "--strict", tarball]),
  );
  await check("attw", async () => {
    const attw = join(TOOLS, ".bin/attw");
    const profile = ["--profile", "esm-only", "--no-definitely-typed"];
    await run([node24, attw, ...profile, tarball]);
  });

  const command = "node_modules/sysalloc/esm/cli.js";
  const plain = await makeFolder("plain");
  await check("npm install", () => npmInstall(plain, tarball));
  await check("Node.js 26", () => run([node26, "main.mjs"], plain));
  await check(
    "Node.js 26, source map",
    () => run([node26, "--enable-source-maps", "with_trace.mjs"], plain),
  );
  await checkImport(plain, { node26, node24, node22 });
  await check(
    "Node.js 22 without koffi",
    () => run([...withoutKoffi, "without_ffi.mjs"], plain),
  );
  const denoRun = ["run", "--no-lock", "--allow-ffi"];
  await check(
    "Deno",
    () => run([Deno.execPath(), ...denoRun, "main_npm.mjs"], plain),
  );

  await checkCommand("Node.js 26", [node26, command], plain);
  await checkCommand("Deno", [Deno.execPath(), "run", "--no-lock", "-A", command], plain);
  await check("npx sysalloc", async () => {
    // The command asks for a newer Node.js than the tools do.
    const path = `PATH=${join(node26, "..")}:${Deno.env.get("PATH")}`;
    const help = await run(["env", path, "npx", "--no", "--", "sysalloc", "--help"], plain);
    if (!help.startsWith("Usage: sysalloc info")) throw new Error(help);
    return help;
  });
  await check("Node.js 22 without koffi, command", async () => {
    const { code, stderr } = await output([...withoutKoffi, command, "info"], plain);
    if (code === 1 && /install.* koffi.*\n.*npx -p/.test(stderr)) return stderr;
    throw new Error(`It ended with ${code}: ${stderr}`);
  });

  // Declarations must not need more than an ordinary project has.
  const ordinary = "--noEmit --strict --target es2022 --lib es2022 --skipLibCheck false".split(" ");
  const modes = ["node16", "nodenext", "esnext --moduleResolution bundler"];
  for (const version of TYPESCRIPTS) {
    const folder = version === NEWEST_TYPESCRIPT
      ? join(TOOLS, "typescript")
      : await fetchTool("typescript", version);
    for (const mode of modes) {
      const flags = ["--module", ...mode.split(" "), ...ordinary, "main.ts"];
      await checkTool(
        `TypeScript ${version}, ${mode}`,
        folder,
        (folder) => run([node26, join(folder, "bin/tsc"), ...flags], plain),
      );
    }
  }

  await checkTool("Jest", await fetchTool("jest", JEST), async (folder) => {
    const flags = ["--bundle", "--format=esm", "--platform=node", "--log-level=error"];
    const external = ["sysalloc", "@jest/globals"].map((name) => `--external:${name}`);
    const test = join(ROOT, "scripts/smoke/foreign.test.js");
    const outfile = `--outfile=${join(plain, "foreign.test.js")}`;
    await run([join(TOOLS, ".bin/esbuild"), test, ...flags, ...external, outfile]);
    const node = [node26, "--no-warnings", "--experimental-vm-modules"];
    await run([...node, join(folder, "bin/jest.js"), "--rootDir", plain], plain);
  });

  await Deno.copyFile(join(ROOT, "scripts/smoke/lockdown.mjs"), join(plain, "lockdown.mjs"));
  const ses = await fetchTool("ses", SES);
  for (const command of [[node26, "--no-warnings"], [Deno.execPath(), "run", "--no-lock", "-A"]]) {
    const name = `SES lockdown, ${command[0] === node26 ? "Node.js 26" : "Deno"}`;
    await checkTool(name, ses, (folder) => run([...command, "lockdown.mjs", folder], plain));
  }

  const withKoffi = await makeFolder("with_koffi");
  await check(
    `npm install with ${KOFFI}`,
    () => npmInstall(withKoffi, tarball, KOFFI),
  );
  await check("Node.js 24", () => run([node24, "main.mjs"], withKoffi));
  await check("Node.js 22", () => run([node22, "main.mjs"], withKoffi));
  await check(
    "Node.js 22, require()",
    () => run([node22, "-p", "require('sysalloc').pageSize()"], withKoffi),
  );

  await check("Node.js 22, in CommonJS that esbuild made", async () => {
    const flags = ["--bundle", "--format=cjs", "--platform=node", "--log-level=error"];
    const bundle = join(withKoffi, "main.cjs");
    await run(
      [join(TOOLS, ".bin/esbuild"), "main.mjs", ...flags, `--outfile=${bundle}`],
      withKoffi,
    );
    return await run([node22, bundle], withKoffi);
  });

  await checkCommand("Node.js 24", [node24, command], withKoffi);
  await checkCommand("Node.js 22", [node22, command], withKoffi);

  const withBun = await makeFolder("with_bun");
  const bun = join(TOOLS, ".bin/bun");
  await check("bun add", () => run([bun, "add", tarball], withBun));
  await check("Bun", () => run([bun, "main.mjs"], withBun));
  await checkCommand("Bun", [bun, "--bun", "run", "sysalloc"], withBun);
}

/** Checks what importing does: nothing. */
async function checkImport(
  folder: string,
  { node26, node24, node22 }: Readonly<Record<"node26" | "node24" | "node22", string>>,
): Promise<void> {
  for (const name of ["top_level.mjs", "snapshot.cjs"]) {
    await Deno.copyFile(join(ROOT, "scripts/smoke", name), join(folder, name));
  }
  const runtimes: Readonly<Record<string, readonly string[]>> = {
    "Node.js 22": [node22],
    "Node.js 24": [node24],
    "Node.js 26": [node26],
    "Bun": [join(TOOLS, ".bin/bun")],
    "Deno": [Deno.execPath(), "run", "--no-lock", "-A"],
  };
  for (const [name, command] of Object.entries(runtimes)) {
    await check(`${name}, import`, () => run([...command, "top_level.mjs"], folder));
  }
  const blob = ["--no-warnings", "--snapshot-blob", "start.blob"];
  for (const node of [node22, node24, node26]) {
    await check(
      `${node === node26 ? "use" : "import"} in a start-up snapshot`,
      async () => {
        await run([node, ...blob, "--build-snapshot", "snapshot.cjs"], folder);
        if (node === node26) return await run([node, ...blob, "main"], folder);
      },
    );
  }
  await check("esbuild leaves nothing of an import alone", async () => {
    const entry = join(folder, "import_alone.mjs");
    await Deno.writeTextFile(entry, 'import "sysalloc";\n');
    const bundled = await run([join(TOOLS, ".bin/esbuild"), entry, "--bundle", "--format=esm"]);
    if (bundled !== "") throw new Error(`${bundled.length} characters are left`);
  });
  await check("no module but the one that is exported can be imported", async () => {
    for (const path of ["esm/mod.js", "core/mmap.js", "esm/core/mmap.js", "package.json"]) {
      const { code, stderr } = await output(
        [node26, "--input-type=module", "-e", `import ${JSON.stringify(`sysalloc/${path}`)}`],
        folder,
      );
      if (code === 0 || !stderr.includes("ERR_PACKAGE_PATH_NOT_EXPORTED")) {
        throw new Error(`${path}: ${stderr}`);
      }
    }
  });
}

/** Uses the command of the package. */
async function checkCommand(name: string, command: string[], folder: string): Promise<void> {
  await check(`${name}, command`, async () => {
    const facts = JSON.parse(await run([...command, "info", "--json"], folder));
    if (!(facts[0].name === "pageSize" && facts[0].value > 0)) {
      throw new Error(`info tells ${JSON.stringify(facts[0])}`);
    }
    const wrong = await output([...command, "info", "--wrong"], folder);
    if (wrong.code !== 2) throw new Error(`Wrong usage ended with ${wrong.code}: ${wrong.stderr}`);
    return await run([...command, "regions", "--resident"], folder);
  });
}

/** Runs one check, and reports it with the last line that it gave. */
async function check(
  name: string,
  body: () => Promise<string | void>,
): Promise<void> {
  try {
    const detail = (await body())?.split("\n").at(-1);
    console.log(`ok      ${name}${detail ? `: ${detail}` : ""}`);
    passed++;
  } catch (error) {
    interruption.signal.throwIfAborted();
    console.log(
      `FAILED  ${name}: ${error instanceof Error ? error.message : error}`,
    );
    failed++;
  }
}

/** Runs a check with a tool that is in a folder; without one it is neither passed nor failed. */
async function checkTool(
  name: string,
  folder: string | undefined,
  body: (folder: string) => Promise<string | void>,
): Promise<void> {
  if (folder !== undefined) await check(name, () => body(folder));
  else console.log(`unavailable  ${name}`);
}

/** Runs a command; gives what it printed, or throws that. */
async function run(
  command: readonly string[],
  cwd: string = temporary,
): Promise<string> {
  const { code, stdout, stderr } = await output(command, cwd);
  if (code === 0) return stdout;
  throw new Error(`${command.join(" ")}\n${stdout}\n${stderr}`);
}

/** How a command ended, and what it printed. */
interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command. */
async function output([command, ...args]: readonly string[], cwd: string): Promise<Output> {
  const { code, stdout, stderr } = await new Deno.Command(command!, {
    args,
    cwd,
    signal: interruption.signal,
    env: {
      NO_COLOR: "1",
      // Bun would take an older tarball of this name and version out of its own
      BUN_INSTALL_CACHE_DIR: join(temporary, "bun_cache"),
    },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** Packs `npm/` as `npm publish` would. */
async function pack(): Promise<Packed> {
  const to = ["--pack-destination", temporary];
  const [packed] = JSON.parse(
    await run(["npm", "pack", "--json", ...to], join(ROOT, "npm")),
  ) as Packed[];
  return packed!;
}

/** Throws where the tarball holds too much or too little. */
function checkFiles(files: string[]): void {
  const foreign = files.filter((file) => !HOLDS.includes(file));
  if (foreign.length > 0) throw new Error(`has ${foreign.join(", ")}`);
  const missing = HOLDS.filter((file) => !files.includes(file));
  if (missing.length > 0) throw new Error(`lacks ${missing.join(", ")}`);
}

/** Makes a folder that holds the programs, and nothing that npm could climb to. */
async function makeFolder(name: string): Promise<string> {
  const folder = join(temporary, name);
  await Deno.mkdir(folder);
  const files = {
    "package.json": '{ "private": true, "type": "module" }',
    "main.mjs": PROGRAM,
    "main_npm.mjs": PROGRAM.replace('"sysalloc"', '"npm:sysalloc"'),
    "without_ffi.mjs": PROGRAM_WITHOUT_FFI,
    "with_trace.mjs": PROGRAM_WITH_TRACE,
    "main.ts": TYPED_PROGRAM,
  };
  for (const [file, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(folder, file), text);
  }
  return folder;
}

async function npmInstall(
  folder: string,
  ...packages: string[]
): Promise<void> {
  await run(["npm", "install", "--no-audit", "--no-fund", ...packages], folder);
}
