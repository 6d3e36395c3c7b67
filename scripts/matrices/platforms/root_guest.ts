/**
 * Guests that are folders: a command runs with the folder as its root.
 *
 * @module
 */
import { join } from "node:path";
import { cache } from "../../tools/cache.ts";
import type { Guest } from "../../tools/suite_run.ts";
import { run } from "../../tools/processes.ts";
import { need } from "../../tools/commands.ts";

/** The path of a file of the cache in a guest. */
export function guestPath(file: string): string {
  return file.replace(cache, "/platforms");
}

/**
 * The command that runs `command` with `root` as its root. It gets namespaces
 * of its own, so that nothing of what it mounts, registers or starts can
 * outlive it, and needs no more rights than to make those.
 */
export function inRoot(
  root: string,
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): readonly string[] {
  const variables = {
    DENO_NO_UPDATE_CHECK: "1",
    HOME: "/tmp", // not in the root, which others copy meanwhile
    LANG: "C.UTF-8",
    NO_COLOR: "1",
    PATH: "/usr/bin:/bin:/usr/sbin:/sbin",
    ...environment,
  };
  return [
    "env",
    "--ignore-environment",
    ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    "unshare",
    "--user",
    "--map-root-user",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "sh",
    join(import.meta.dirname ?? ".", "enter_root.sh"),
    root,
    cache,
    ...command,
  ];
}

/** Makes sure that commands can be run in a root, by one that does nothing. */
export async function tryRoot(root: string): Promise<void> {
  await need(
    "This machine does not allow a process its own namespaces and mounts",
    inRoot(root, ["sh", "-c", ":"]),
  );
}

/** A guest whose commands run in a root. */
export function rootGuest(
  root: string,
  environment: Readonly<Record<string, string>> = {},
): Guest {
  return {
    path: guestPath,
    run: (command, { log }) => run(inRoot(root, command, environment), { log }),
  };
}
