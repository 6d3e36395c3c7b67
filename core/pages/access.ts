/**
 * The access and the history that a page can have.
 *
 * @module
 */
import type { Access, PageSnapshot, Source } from "../lifetime/mapping_info.ts";

/** The access that allows stores; `undefined` for memory that never does. */
export const WRITABLE: Readonly<Record<Source, Access | undefined>> = {
  "memory": "read-write",
  "mirror": "read-write",
  "private file": "copy-on-write",
  "shared file": "read-write",
  "read-only file": undefined,
};

/**
 * The history of a page. `"reserved"`: never committed, or decommitted before any buffer covered
 * the page. `"never viewed"`: committed, and no buffer covered it. `"viewed"`: a buffer may cover
 * it. `"decommitted"`: decommitted after a buffer may have covered it.
 */
export type History = "reserved" | "never viewed" | "viewed" | "decommitted";

/** Whether plain loads and stores are allowed. */
export function isViewable(access: Access | "mixed"): boolean {
  return access === "read-write" || access === "copy-on-write";
}

/** Whether plain loads are allowed. */
export function isReadable(access: Access): boolean {
  return access !== "none";
}

/** Whether buffers may still cover a page. */
export function wasViewed(history: History): boolean {
  return history === "viewed" || history === "decommitted";
}

/** Whether no buffer covers a page. */
export function wasNotViewed(history: History): boolean {
  return !wasViewed(history);
}

/** The history of a page once it is committed. */
export function committed(history: History): History {
  return history === "decommitted" ? "viewed" : history === "reserved" ? "never viewed" : history;
}

/** The history of a page as another handle sees it: views are not shared. */
export function pastOf(history: History): PageSnapshot["past"] {
  return history === "viewed" || history === "never viewed" ? "memory" : history;
}
