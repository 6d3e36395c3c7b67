/**
 * A key in protected memory: locked in RAM, so never in swap space, excluded from
 * core dumps, between guard pages, and wiped at the end.
 *
 * `deno run --allow-ffi examples/secret.ts`, `bun examples/secret.ts` or
 * `node examples/secret.ts`.
 *
 * @module
 */
import { type Mmap, MmapError, MmapOptions, pageSize } from "../mod.ts";

// #region secret
/** Memory for a secret. */
class Secret implements Disposable {
  readonly #mmap: Mmap;
  /** The secret. Fill it in place, and do not copy it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Protections that the system refused. */
  readonly warnings: string[] = [];

  constructor(byteLength: number) {
    const page = pageSize();
    const pages = Math.ceil(byteLength / page) * page;
    // Code that runs past the end of its own memory stops at a guard page.
    this.#mmap = new MmapOptions({ len: pages }).guard().mapAnon();
    // At the end of the last page: the next byte is in the guard page.
    this.bytes = this.#mmap.view(Uint8Array, pages - byteLength, byteLength);
    // Only Linux has "dont-dump"; `ulimit -l` limits locked memory.
    this.#attempt("may be swapped out", () => this.#mmap.lock());
    this.#attempt("may be in a core dump", () => this.#mmap.advise("dont-dump"));
  }

  #attempt(risk: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      if (!(error instanceof MmapError)) throw error;
      this.warnings.push(`the secret ${risk} (${error.code})`);
    }
  }

  /** Wipes the secret and unmaps the memory. */
  [Symbol.dispose](): void {
    this.bytes.fill(0);
    this.#mmap.unmap();
  }
}
// #endregion secret

let afterwards: Uint8Array;
{
  using secret = new Secret(32);
  crypto.getRandomValues(secret.bytes);
  // Web Crypto copies the bytes into its own memory. Import a key that cannot be
  // exported, and keep the bytes only here.
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret.bytes, algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode("message"));
  console.log(`signed with a key of ${secret.bytes.length} bytes: ${signature.byteLength} bytes`);
  for (const warning of secret.warnings) console.log(`note: ${warning}`);
  afterwards = secret.bytes;
}
if (afterwards.length !== 0) throw new Error("A view of the secret outlived it");
console.log("wiped and unmapped: its views have length 0");
