// Has script.cjs, which top_level.mjs wrote, in a start-up snapshot of V8, and uses it
// in the program that starts from that.
const { readFileSync } = require("node:fs");
const { startupSnapshot } = require("node:v8");

const { MmapOptions } = new Function(`${readFileSync("script.cjs", "utf8")} return exported;`)();
startupSnapshot.setDeserializeMainFunction(() => {
  const memory = new MmapOptions({ len: 65536 }).mapAnon();
  memory.bytes[0] = 42;
  console.log(`stored ${memory.bytes[0]}`);
  memory.unmap();
});
