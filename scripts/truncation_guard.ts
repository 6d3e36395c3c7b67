/**
 * Compiles ffi/os/linux/truncation_guard.c and writes its bytes into
 * ffi/os/linux/truncation_guard_code.ts, or compares them.
 *
 * The bytes depend on the compiler: it is named by its version, GCC 12 of
 * Debian and Ubuntu, and installed by apt-get where it is missing.
 *
 * @module
 */
import { join } from "node:path";
import { readArguments } from "./tools/arguments.ts";
import { output } from "./tools/processes.ts";

const USAGE = `Usage: npx deno run -A scripts/truncation_guard.ts [--check]

Compiles ffi/os/linux/truncation_guard.c, and writes its bytes into
ffi/os/linux/truncation_guard_code.ts. Compilers that are missing are installed by apt-get.

Options:
      --check  write nothing, and exit with 1 if the file has other bytes
  -h, --help   print this`;

const { values } = readArguments({ usage: USAGE, options: { check: { type: "boolean" } } });
const folder = join(import.meta.dirname ?? ".", "../ffi/os/linux");
const source = "truncation_guard.c";
const target = join(folder, "truncation_guard_code.ts");

interface Compiler {
  /** The architecture, as `process.arch` names it. */
  readonly arch: string;
  /** The prefix of the names of its programs. */
  readonly triple: string;
  /** The options that this architecture alone has. */
  readonly options: readonly string[];
}

/** `sizeof(struct header)`, after which the handler is expected. */
const HEADER_BYTES = 32;
/** The version of GCC; of Debian 12 it is the only one. */
const version = "12";
const compilers: readonly Compiler[] = [{
  arch: "x64",
  triple: "x86_64-linux-gnu",
  options: ["-march=x86-64", "-mtune=generic", "-fcf-protection=none", "-mno-red-zone"],
}, {
  arch: "arm64",
  triple: "aarch64-linux-gnu",
  options: [
    "-march=armv8-a",
    "-mtune=generic",
    "-mbranch-protection=none",
    "-mno-outline-atomics", // they would be calls of libgcc
  ],
}];

/** Options that keep the compiler from assuming, adding or calling anything. */
const options = [
  "-std=c11",
  "-Os",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-ffreestanding",
  "-fno-pic",
  "-fomit-frame-pointer",
  "-fno-stack-protector",
  "-fno-asynchronous-unwind-tables",
  "-fno-unwind-tables",
  "-fno-tree-loop-distribute-patterns", // they would be calls of memset
  "-fno-ident",
  "-mgeneral-regs-only",
];

await installMissing();
const written = render(
  await Promise.all(compilers.map(async (compiler) => ({
    ...compiler,
    name: (await run(`${compiler.triple}-gcc-${version}`, "--version")).split("\n")[0]!,
    bytes: await compile(compiler),
  }))),
);

const found = await Deno.readTextFile(target).catch(() => "");
if (withoutComments(written) === withoutComments(found)) {
  console.log(`${source} compiles to the bytes of truncation_guard_code.ts`);
} else if (values.check) {
  console.error(
    `${source} compiles to other bytes than those of truncation_guard_code.ts: ` +
      "deno run -A scripts/truncation_guard.ts writes them",
  );
  Deno.exit(1);
} else {
  await Deno.writeTextFile(target, written);
  console.log("truncation_guard_code.ts now has the bytes that the compilers made");
}

/** The code alone: a compiler's package can be a later one of the same version. */
function withoutComments(text: string): string {
  return text.replace(/^ *\/\/.*\n/gm, "");
}

/** Compiles for one architecture, and returns the one section that there is. */
async function compile({ triple, options: own }: Compiler): Promise<Uint8Array> {
  const temporary = await Deno.makeTempDir();
  const [object, binary] = [join(temporary, "guard.o"), join(temporary, "guard.bin")];
  try {
    const command = [...options, ...own, "-c", source, "-o", object];
    await run(`${triple}-gcc-${version}`, ...command);
    const relocations = await run(`${triple}-readelf`, "--relocs", object);
    if (!relocations.includes("There are no relocations")) throw new Error(relocations);
    const sections = await run(`${triple}-readelf`, "--sections", "--wide", object);
    // Names of what would be loaded beside the code: the flag A, and a length above 0.
    const others = Array.from(
      sections.matchAll(/\] (\.\S+) +\S+ +\S+ +\S+ +(\S+) \S+ +\w*A/g),
      ([, name = "", length = ""]) => parseInt(length, 16) > 0 ? name : ".text",
    ).filter((name) => name !== ".text");
    if (others.length > 0) throw new Error(`There is more than code: ${others}`);
    const symbols = await run(`${triple}-readelf`, "--symbols", "--wide", object);
    const functions = Array.from(
      symbols.matchAll(/: (\w+) +\d+ FUNC .* (\S+)$/gm),
      ([, at = "", name]) => `${name} at ${parseInt(at, 16)}`,
    );
    if (functions.join() !== `handler at ${HEADER_BYTES}`) {
      throw new Error(`The handler must be all that comes after the header, not ${functions}`);
    }
    await run(`${triple}-objcopy`, "-O", "binary", "--only-section=.text", object, binary);
    return await Deno.readFile(binary);
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

function render(
  results: readonly (Compiler & { readonly name: string; readonly bytes: Uint8Array })[],
): string {
  const code = results.map(({ arch, name, bytes, options }) => {
    const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const lines = digits.match(/.{1,88}/g)!.map((line) => `    "${line}"`).join(" +\n");
    return `  // ${bytes.length} bytes by ${name}\n  // ${
      options.join(" ")
    }\n  ${arch}:\n${lines},\n`;
  });
  return `// deno-fmt-ignore-file
/**
 * What truncation_guard.c compiles to, in hexadecimal digits, by architectures as
 * \`process.arch\` names them: the header, then the handler. Written by
 * scripts/truncation_guard.ts; with \`--check\` it compiles again and compares.
 *
 * @module
 */

// Options of the compilers:
${options.join(" ").replace(/(.{1,90})( |$)/g, "// $1\n")}
/** The machine code of the handler of SIGBUS. */
export const CODE: Readonly<Record<string, string>> = {
${code.join("")}};
`;
}

async function installMissing(): Promise<void> {
  const missing: string[] = [];
  for (const { triple } of compilers) {
    const found = await run(`${triple}-gcc-${version}`, "-dumpversion").catch(() => "");
    if (!found.startsWith(version)) missing.push(triple);
  }
  if (missing.length === 0) return;
  const isNative = missing.filter((triple) => triple.startsWith(Deno.build.arch));
  const packages = missing.map((triple) =>
    isNative.includes(triple)
      ? `gcc-${version}`
      : `gcc-${version}-${triple.replace("x86_64", "x86-64")}`
  );
  console.log(`Installing ${packages.join(", ")} (apt-get)`);
  try {
    await run("apt-get", "update", "-qq");
    await run("apt-get", "install", "-qq", "--no-install-recommends", ...packages);
  } catch (cause) {
    throw new Error(
      `The compilers are missing: install ${packages.join(" and ")} of Debian or Ubuntu`,
      { cause },
    );
  }
}

/** Runs a command. Returns its output, or throws its errors. */
async function run(...command: readonly string[]): Promise<string> {
  const env = { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  const { code, stdout, stderr } = await output(command, { cwd: folder, env });
  if (code !== 0) throw new Error(`${command.join(" ")}\n${stderr}`);
  return stdout;
}
