/**
 * Where everything is kept that is downloaded or built for the matrices.
 *
 * @module
 */
import { join } from "node:path";

/** The project's own folder. */
export const project: string = join(import.meta.dirname ?? ".", "../..");

/** The folder of the cache: delete it to start afresh. */
export const cache: string = join(project, ".cache/matrix");

/** The folder of the logs and reports of a platform, or of what has that name. */
export function logs(platform: string): string {
  return join(cache, "logs", platform);
}

/**
 * The folder `name` of the cache, built if it is not there. It is built under
 * another name, so that what an interrupted run leaves is never taken for it.
 */
export async function cached(
  name: string,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cache, name);
  if (await exists(folder)) return folder;
  const partial = `${folder}.partial`;
  await emptyFolder(partial);
  await build(partial);
  await Deno.rename(partial, folder);
  return folder;
}

/** A short name for what a folder is made from, so that a change makes a new one. */
export async function digest(recipe: unknown): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(recipe));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return hash.toHex().slice(0, 8);
}

/** Makes a folder anew. */
export async function emptyFolder(folder: string): Promise<void> {
  await removeIfThere(folder);
  await Deno.mkdir(folder, { recursive: true });
}

/** Removes a file or a folder with all that is in it. */
export async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch(ignoreNotFound);
}

/** Keeps a second run out of the cache until this one has ended. */
export async function lockCache(): Promise<void> {
  await Deno.mkdir(cache, { recursive: true });
  const options = { create: true, write: true };
  const file = await Deno.open(join(cache, "lock"), options);
  await file.lock(true); // the system unlocks it when this process ends
}

/** The text of a file, if it is there. */
export async function readIfThere(file: string): Promise<string | undefined> {
  return await Deno.readTextFile(file).catch(ignoreNotFound);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).catch(ignoreNotFound) !== undefined;
}

function ignoreNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
