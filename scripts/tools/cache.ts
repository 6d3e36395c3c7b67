/**
 * The folder for all that the matrices download or build.
 *
 * @module
 */
import { dirname, join } from "node:path";

/** The project's own folder. */
export const project: string = join(import.meta.dirname!, "../..");

/** The folder of the cache: delete it to start afresh. */
export const cache: string = join(project, ".cache/matrix");

/** The folder of the logs and reports of a place. */
export function logs(place: string): string {
  return join(cache, "logs", place);
}

/**
 * The folder `name` of the cache, built if it is not there: once, also where several
 * programs want it at a time. It is built under another name, so that what an
 * interrupted run leaves is never taken for it.
 */
export async function cached(
  name: string,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cache, name);
  using _lock = await locked(name);
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

/** Locks a name in the cache until the file is closed, or this process ends. */
export async function locked(name: string): Promise<Deno.FsFile> {
  const path = join(cache, `${name}.lock`);
  await Deno.mkdir(dirname(path), { recursive: true });
  const file = await Deno.open(path, { create: true, write: true });
  await file.lock(true);
  return file;
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
