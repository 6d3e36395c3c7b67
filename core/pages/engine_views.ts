/**
 * Views of memory of the engine: they lie in its own buffer, which nobody detaches.
 *
 * @module
 */
import type { EngineMemory } from "../lifetime/engine_memory.ts";
import type { ViewMaker } from "./view_type.ts";

/** The views of a part of a `WebAssembly.Memory`. */
export class EngineViews {
  readonly #engine: EngineMemory;
  readonly #byteOffset: number;
  readonly #byteLength: number;
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(engine: EngineMemory, byteOffset: number, byteLength: number) {
    this.#engine = engine;
    this.#byteOffset = byteOffset;
    this.#byteLength = byteLength;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    // The type of the public API is that of other mappings: a shared buffer serves as one.
    const buffer = this.#engine.buffer as ArrayBuffer;
    if (this.#bytes?.buffer === buffer) return this.#bytes;
    return this.#bytes = new Uint8Array(buffer, this.#byteOffset, this.#byteLength);
  }

  make<V>(type: ViewMaker<V>, byteOffset: number, length: number): V {
    const buffer = this.#engine.buffer as ArrayBuffer;
    return new type(buffer, this.#byteOffset + byteOffset, length);
  }
}
