/**
 * Linux arm64 with a kernel whose pages are 16 KiB, in a virtual machine. Its
 * whole disk is the archive that the kernel unpacks at start; it has no
 * network, and every runtime gets a machine of its own.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { arm64Root, arm64Runtimes, processor } from "./arm64.ts";
import {
  cache,
  cached,
  digest,
  emptyFolder,
  logs,
  readIfThere,
  removeIfThere,
} from "../../tools/cache.ts";
import { dependencies, unpack, unpackFiles } from "./debian.ts";
import type { Guest, GuestFiles, System } from "../../tools/suite_run.ts";
import { type Ending, run } from "../../tools/processes.ts";
import { guestPath, inRoot, tryRoot } from "./root_guest.ts";
import { need, Unavailable } from "../../tools/commands.ts";
import { copy, suite } from "../../tools/suite_copy.ts";

const name = "arm64-16k";
const emulatorPackages = ["busybox-static", "dash", "qemu-system-arm"];
const kernelPackage = "linux-image-arm64-16k";
const init = join(import.meta.dirname ?? ".", "virtual_machine_init.sh");
const disk = join(cache, `${name}.cpio`);
const staging = join(cache, `${name}-disk`);
const consoleFile = join(logs(name), "console.txt");

// The format that the kernel unpacks at its start; its name there is initramfs.
const writeArchive = 'cd "$0" && busybox find . | busybox cpio -o -H newc >"$1"';

/** The platform `arm64-16k`. */
export const arm64With16kPages: System = {
  name,
  title: "Linux arm64, 16 KiB pages",
  how: "machine emulated by qemu-system, Debian's 16 KiB kernel",
  // With koffi it is the same calls again, and emulation takes long.
  builds: arm64Runtimes.filter(({ label }) => !label.includes("koffi")),
  start: async () => virtualMachine(await arm64Root(), await kernelFile(), await emulatorRoot()),
};

function virtualMachine(root: string, kernel: string, emulatorRoot: string): Guest {
  return {
    path: guestPath,
    run: async (command, files) => {
      await writeDisk(root, emulatorRoot, command, files);
      await removeIfThere(consoleFile);
      const machine = await run(
        inRoot(emulatorRoot, [
          "qemu-system-aarch64",
          ...["-M", "virt", "-cpu", processor, "-smp", "1", "-m", "4G"],
          ...["-nic", "none", "-display", "none", "-monitor", "none"],
          ...["-serial", `file:${guestPath(consoleFile)}`, "-no-reboot"],
          ...["-kernel", guestPath(kernel), "-initrd", guestPath(disk)],
          ...["-append", "console=ttyAMA0 quiet panic=-1"],
        ]),
        { log: files.log },
      );
      return await readConsole(files, machine);
    },
  };
}

/** Writes the disk of a machine that runs one command, given in its own paths. */
async function writeDisk(
  root: string,
  emulatorRoot: string,
  command: readonly string[],
  { report }: GuestFiles,
): Promise<void> {
  const [executable = ""] = command;
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const variables = Object.entries({
    HOME: "/root",
    LANG: "C.UTF-8",
    NO_COLOR: "1",
    PATH: "/usr/bin",
  }).map(([name, value]) => `${name}=${value}`).join(" ");
  await emptyFolder(staging);
  await copy(`${root}/.`, staging);
  await copy(init, join(staging, "init"));
  await copy(suite, join(staging, guestPath(suite)));
  await copy(executable.replace("/platforms", cache), join(staging, executable));
  await emptyFolder(join(staging, dirname(guestPath(report))));
  await Deno.writeTextFile(
    join(staging, "platforms/job.sh"),
    `export ${variables}\nreport=${guestPath(report)}\njob() { ${quoted.join(" ")}; }\n`,
  );
  await need(
    "The disk of the virtual machine cannot be written",
    inRoot(emulatorRoot, ["sh", "-c", writeArchive, guestPath(staging), guestPath(disk)]),
  );
}

/** Takes the log, the report and the exit code from what the machine printed. */
async function readConsole({ log, report }: GuestFiles, machine: Ending): Promise<Ending> {
  const text = (await readIfThere(consoleFile) ?? "").replaceAll("\r\n", "\n");
  const [printed = "", ended] = text.split("=== report\n");
  await Deno.writeTextFile(log, printed, { append: true });
  if (ended === undefined) return { code: machine.code || 1, timedOut: machine.timedOut };
  const [reported = "", code = ""] = ended.split("=== code ");
  await Deno.writeTextFile(report, reported);
  return { code: Number.parseInt(code), timedOut: false };
}

async function kernelFile(): Promise<string> {
  const folder = await cached(`${name}-kernel`, async (folder) => {
    // The package of that name is empty and depends on the newest kernel.
    const [kernel] = await dependencies("arm64", kernelPackage);
    if (kernel === undefined) {
      throw new Unavailable(`Debian has no ${kernelPackage}`);
    }
    await unpackFiles("arm64", kernel, ["./boot/vmlinuz-*"], folder);
  });
  const [kernel] = Deno.readDirSync(join(folder, "boot"));
  return join(folder, "boot", kernel?.name ?? "");
}

async function emulatorRoot(): Promise<string> {
  const folder = await cached(
    `machine-${await digest(emulatorPackages)}`,
    async (folder) => {
      await unpack("amd64", emulatorPackages, folder);
    },
  );
  await tryRoot(folder);
  return folder;
}
