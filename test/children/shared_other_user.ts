// Becomes a user to whom shared memory belongs not, and tries to have it.
import { currentRuntime } from "../../ffi/host.ts";
import { MmapOptions, pageSize, removeShared } from "../../mod.ts";

const [name = ""] = process.argv.slice(2);
const options = new MmapOptions({ len: pageSize() });
const { setuid } = currentRuntime().open("libc.so.6", {
  // int setuid(uid_t uid)
  setuid: { parameters: ["u32"], result: "i32" },
});
if (setuid(65534) !== 0) throw new Error("setuid() failed");
const outcomes = [
  () => options.mapShared(name),
  () => options.mapShared(name, { mode: "open-or-create" }),
  () => options.mapShared(name, { mode: "create" }),
  () => removeShared(name),
].map((call) => {
  try {
    call();
    return "done";
  } catch (error) {
    return (error as { readonly code?: unknown }).code;
  }
});
let message = "";
try {
  options.mapShared(name);
} catch (error) {
  message = /it belongs to user \d+/.exec((error as Error).message)?.[0] ??
    (error as Error).message;
}
console.log(JSON.stringify([...outcomes, message]));
