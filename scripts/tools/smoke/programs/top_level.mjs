// Evaluates the package's module and notes which globals it reads meanwhile: only the
// language's own may be, because others make a runtime load what is behind them, and are
// missing in V8's start-up snapshots and in contexts of node:vm.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";

const LANGUAGE = [
  "Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Error",
  "FinalizationRegistry Infinity Int32Array JSON Map Math NaN Number Object Promise RangeError",
  "Reflect Set String Symbol TypeError Uint8Array WeakMap WeakRef undefined",
].join(" ").split(" ");

const module = readFileSync("node_modules/sysalloc/esm/mod.js", "utf8");
const end = module.lastIndexOf("export{");
const names = module.slice(end).match(/\{(.*)\}/)[1];
const script = `const exported = (() => {
  "use strict";
  ${module.slice(0, end)}
  return { ${names} };
})();`;
assert.doesNotMatch(module, /\dn ?\*\*/, "Babel makes Math.pow() of it, which takes no bigint");
const TRACE = /\bimport\(\s*\/\* webpackIgnore: true \*\/\s*"/g; // for tracers alone: see scripts/tools/bundle.ts
assert.doesNotMatch(
  script.replace(TRACE, ""),
  /\bimport\b *[({"'`*]|\bfrom *["'`]/,
  "it imports something",
);
writeFileSync("script.cjs", script);

const read = new Set();
const scope = new Proxy({}, {
  has: (_, name) => typeof name === "string",
  get(_, name) {
    if (typeof name === "string") read.add(name);
    return globalThis[name];
  },
});
const { MmapOptions } = new Function("scope", `with (scope) { ${script} return exported; }`)(scope);
const others = [...read].filter((name) => !LANGUAGE.includes(name));
assert.deepEqual(others, [], "globals that are not the language's were read");
assert.equal(new MmapOptions({ len: 1 }).settings.len, 1);

const { createContext, runInContext } = await import("node:vm");
const context = createContext({});
runInContext("delete globalThis.SharedArrayBuffer; delete globalThis.WebAssembly;", context);
const length = runInContext(`${script} new exported.MmapOptions({ len: 2 }).settings.len`, context);
assert.equal(length, 2);
console.log(`${read.size} globals of the language read, no other`);
