// Finds no FFI, but only when it asks for it.
import assert from "node:assert/strict";
import { pageSize } from "sysalloc";

assert.throws(pageSize, (error) => {
  console.log(error.message);
  return /install.* koffi/.test(error.message);
});
