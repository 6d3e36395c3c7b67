/**
 * Writes cpio archives of the kind that Linux unpacks into its first root
 * ("newc"; the kernel's documentation calls it initramfs buffer format).
 *
 * @module
 */
import { dirname, join } from "node:path";

const folderMode = 0o040755;
const linkMode = 0o120777;
const fileMode = 0o100755;

/** An archive that is being written. Paths in it are absolute. */
export class Archive {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #folders = new Set(["/"]);
  #entries = 0;

  /** An archive in a new file. */
  constructor(file: Deno.FsFile) {
    this.#writer = file.writable.getWriter();
  }

  /** Adds a file, a link or a folder with all that is in it, as `path`. */
  async add(path: string, source: string): Promise<void> {
    const info = await Deno.lstat(source);
    if (info.isSymlink) {
      await this.#write(path, linkMode, encode(await Deno.readLink(source)));
    } else if (info.isDirectory) {
      for await (const { name } of Deno.readDir(source)) {
        await this.add(join(path, name), join(source, name));
      }
      await this.addFolder(path);
    } else if (info.isFile) {
      await this.#write(path, fileMode, await Deno.readFile(source));
    }
  }

  /** Adds a file with the text given. */
  async addText(path: string, text: string): Promise<void> {
    await this.#write(path, fileMode, encode(text));
  }

  /** Adds an empty folder, and those that it is in, if not there. */
  async addFolder(path: string): Promise<void> {
    if (this.#folders.has(path)) return;
    await this.#write(path, folderMode, new Uint8Array());
    this.#folders.add(path);
  }

  /** Ends the archive. */
  async close(): Promise<void> {
    await this.#entry("TRAILER!!!", 0, new Uint8Array());
    await this.#writer.close();
  }

  async #write(path: string, mode: number, data: Uint8Array): Promise<void> {
    await this.addFolder(dirname(path));
    await this.#entry(path.slice(1), mode, data);
  }

  async #entry(name: string, mode: number, data: Uint8Array): Promise<void> {
    const fields = [
      ++this.#entries, // inode
      mode,
      ...[0, 0], // user, group
      1, // links
      0, // time
      data.length,
      ...[0, 0, 0, 0], // devices
      encode(name).length + 1,
      0, // checksum
    ].map((field) => field.toString(16).padStart(8, "0"));
    const header = encode(`070701${fields.join("")}${name}\0`);
    for (const part of [header, data]) {
      await this.#writer.write(part);
      await this.#writer.write(new Uint8Array(-part.length & 3));
    }
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
