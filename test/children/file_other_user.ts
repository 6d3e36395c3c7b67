// Becomes a user to whom the file belongs not, and tries to map it.
import { MmapOptions, pageSize } from "../../mod.ts";
import { CALLS } from "../support/temp_files.ts";
import { currentRuntime } from "../../ffi/host.ts";

const [path] = process.argv.slice(2);
pageSize();
const { setuid } = currentRuntime().open("libc.so.6", {
  // int setuid(uid_t uid)
  setuid: { parameters: ["u32"], result: "i32" },
});
if (setuid(65534) !== 0) throw new Error("setuid() failed");
const outcomes = CALLS.map((call) => {
  try {
    new MmapOptions()[call](path!).unmap();
    return "mapped";
  } catch (error) {
    return (error as { readonly code?: unknown }).code;
  }
});
console.log(JSON.stringify(outcomes));
