/**
 * The command `sysalloc shared`.
 *
 * @module
 */
import { fileOf } from "../core/sources/shared_name.ts";
import { host } from "../ffi/host.ts";
import { removeShared } from "../mod.ts";
import { findMappers, identityOf, type Mappers } from "./mappers.ts";
import { table } from "./output.ts";
import { type FileSystem, fs, runtime } from "./runtime.ts";
import { count, printable, size } from "./text.ts";
import { type Arguments, UsageError } from "./usage.ts";

/**
 * The kind of a name: memory of this user; memory that `mapShared()` refuses unless `foreign` is
 * set; a semaphore of C's `sem_open()`; memory whose creator ended before it was whole.
 */
export type Kind = "memory" | "foreign" | "semaphore" | "unfinished";

/** A name of shared memory. */
interface SharedMemory {
  readonly name: string;
  readonly byteLength: number;
  readonly kind: Kind;
  /** The ID of the user who owns it. */
  readonly owner: number;
  /** The mode, as `chmod` takes it. */
  readonly mode: string;
  /** The processes that have it mapped, as far as this user may know; `null` if none are known. */
  readonly mappedBy: readonly number[] | null;
}

/** `S_IWGRP | S_IWOTH`: {@link https://man7.org/linux/man-pages/man7/inode.7.html} */
const STORED_BY_OTHERS = 0o022;
/** The most process IDs in a row of the table. */
const MAX_PIDS = 4;

/** Returns the names of shared memory, as a table or as JSON, or removes some. */
export function listShared({ json, remove, operands }: Arguments): string {
  if (remove) return removed(operands, json);
  if (operands.length > 0) {
    throw new UsageError("The command shared takes names after --remove only");
  }
  const place = placeOfNames();
  const mappers = findMappers();
  const names = fs().readdirSync(place.folder).filter((name) => name.startsWith(place.prefix))
    .sort()
    .flatMap((name) => memoryOf(name, place, mappers) ?? []);
  return json ? `${JSON.stringify(names, undefined, 2)}\n` : asTable(names, mappers);
}

/** The folder of the files of named memory, and the start of their names. */
interface Place {
  readonly folder: string;
  readonly prefix: string;
}

function placeOfNames(): Place {
  const path = fileOf(host(), "x");
  if (path === undefined) {
    throw new UsageError(
      "Windows has no list of the names of shared memory, and each goes with its last mapping",
    );
  }
  const start = path.lastIndexOf("/") + 1;
  return { folder: path.slice(0, start), prefix: path.slice(start, -1) };
}

/** Looks at a file; `undefined` if it is none, or was removed meanwhile. */
function memoryOf(
  file: string,
  { folder, prefix }: Place,
  mappers: Mappers | undefined,
): SharedMemory | undefined {
  let status: ReturnType<FileSystem["lstatSync"]>;
  try {
    status = fs().lstatSync(folder + file);
  } catch (error) {
    if (fs().existsSync(folder + file)) throw error;
    return undefined;
  }
  if (!status.isFile()) return undefined;
  const { size, uid, mode } = status;
  return {
    name: file.slice(prefix.length),
    byteLength: size,
    kind: kindOf(file, uid, mode, runtime.geteuid?.()),
    owner: uid,
    mode: (mode & 0o7777).toString(8).padStart(4, "0"),
    mappedBy: mappers === undefined ? null : mappers.pids.get(identityOf(status)) ?? [],
  };
}

/** Returns the kind of the memory in a file, for a user. */
export function kindOf(file: string, owner: number, mode: number, user?: number): Kind {
  if (file.startsWith("sem.")) return "semaphore";
  if (file.startsWith(".sysalloc-")) return "unfinished";
  return owner === user && (mode & STORED_BY_OTHERS) === 0 ? "memory" : "foreign";
}

function asTable(names: readonly SharedMemory[], mappers: Mappers | undefined): string {
  const rows = names.map(({ name, byteLength, kind, owner, mode, mappedBy }) => [
    size(byteLength),
    String(owner),
    mode,
    pidsOf(mappedBy),
    printable(name) + (kind === "memory" ? "" : ` (${kind})`),
  ]);
  const noun = names.length === 1 ? "name" : "names";
  const total = names.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const hidden = mappers?.unreadable ?? 0;
  return table(
    ["LENGTH", "OWNER", "MODE", "MAPPED BY", "NAME"],
    rows,
    `${count(names.length)} ${noun}, ${size(total)}` +
      (hidden === 0
        ? ""
        : `; this user may not look at all processes, ${count(hidden)} are left out`),
  );
}

function pidsOf(pids: readonly number[] | null): string {
  if (pids === null) return "?";
  if (pids.length <= MAX_PIDS) return pids.join(" ") || "-";
  return `${pids.slice(0, MAX_PIDS).join(" ")} +${pids.length - MAX_PIDS}`;
}

/** Removes names. Goes on after a failure, and throws one error for all. */
function removed(names: readonly string[], json: boolean): string {
  if (json) throw new UsageError("The option --remove prints no JSON");
  if (names.length === 0) throw new UsageError("The option --remove takes the names to remove");
  placeOfNames(); // throws where names cannot be removed
  const failures = names.flatMap((name) => {
    try {
      removeShared(name);
      return [];
    } catch (error) {
      return [printable((error as Error).message)];
    }
  });
  if (failures.length > 0) throw new Error(failures.join("\n"));
  return `Removed ${count(names.length)} ${names.length === 1 ? "name" : "names"}\n`;
}
