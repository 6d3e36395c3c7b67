/**
 * A key that is nowhere else: in RAM and never in the swap space, in no core
 * dump, with memory below and above that nobody can touch, and wiped at the end.
 *
 * `deno run --allow-ffi examples/secret.ts`, `bun examples/secret.ts` or
 * `node examples/secret.ts`.
 *
 * @module
 */
import { type Mmap, MmapError, MmapOptions, pageSize } from "../mod.ts";

/** Memory for a secret. */
class Secret implements Disposable {
  readonly #mmap: Mmap;
  /** The secret itself: fill it in place, and make no copy of it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What the system did not allow. */
  readonly warnings: string[] = [];

  constructor(byteLength: number) {
    const page = pageSize();
    const pages = Math.ceil(byteLength / page) * page;
    // What runs past the end of its own memory is stopped at a guard page.
    this.#mmap = new MmapOptions({ len: pages }).guard().mapAnon();
    // At the end, so that a single byte too far is noticed.
    this.bytes = this.#mmap.view(Uint8Array, pages - byteLength, byteLength);
    // "dont-dump" is Linux's; the limit of locked memory is `ulimit -l`.
    this.#attempt("may be swapped out", () => this.#mmap.lock());
    this.#attempt("may be in a core dump", () => this.#mmap.advise("dont-dump"));
  }

  #attempt(otherwise: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      if (!(error instanceof MmapError)) throw error;
      this.warnings.push(`the secret ${otherwise} (${error.code})`);
    }
  }

  /** Wipes the secret and gives the memory back. */
  [Symbol.dispose](): void {
    this.bytes.fill(0);
    this.#mmap.unmap();
  }
}

let left: Uint8Array;
{
  using secret = new Secret(32);
  crypto.getRandomValues(secret.bytes);
  // Web Crypto copies what it is given into memory of its own: let it make a
  // key that cannot be exported, and keep the bytes themselves here alone.
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret.bytes, algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode("message"));
  console.log(`signed with a key of ${secret.bytes.length} bytes: ${signature.byteLength} bytes`);
  for (const warning of secret.warnings) console.log(`note: ${warning}`);
  left = secret.bytes;
}
if (left.length !== 0) throw new Error("A view of the secret outlived it");
console.log("wiped, unmapped, and no view of it works any more");
