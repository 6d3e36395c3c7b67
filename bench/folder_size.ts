/**
 * How much a folder takes.
 *
 * @module
 */

/** The bytes of all files in `folder` and below. */
export async function folderSize(folder: string): Promise<number> {
  let size = 0;
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) size += await folderSize(path);
    else if (isFile) size += (await Deno.stat(path)).size;
  }
  return size;
}
