/**
 * Files: one record, random pages, all of it, and scattered stores.
 *
 * @module
 */
import { allInC } from "./in_c.ts";
import { mappedFiles } from "./files/mapped.ts";
import { readFiles } from "./files/read.ts";
import { streams } from "./files/streams.ts";
import { wasmFiles } from "./files/wasm.ts";
import { writtenFiles } from "./files/written.ts";
import { recordsByFfi } from "./floor_files.ts";
import { serve } from "./serve.ts";

await serve({
  ...allInC(
    "open-record",
    "open-record-read",
    "random-pages",
    "random-pages-read",
    "scan",
    "store-flush",
  ),
  "floor/open-record": recordsByFfi,
  ...mappedFiles,
  ...readFiles,
  ...streams,
  ...wasmFiles,
  ...writtenFiles,
});
