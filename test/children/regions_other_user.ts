// Becomes another user, and asks for the mappings of the process that started it.
import { currentRuntime } from "../../ffi/host.ts";
import { regions } from "../../mod.ts";

const pid = process.ppid;
regions({ pid });
const { setuid } = currentRuntime().open("libc.so.6", {
  // int setuid(uid_t uid)
  setuid: { parameters: ["u32"], result: "i32" },
});
if (setuid(65534) !== 0) throw new Error("setuid() failed");
try {
  regions({ pid });
  console.log(JSON.stringify("listed"));
} catch (error) {
  const { code, message } = error as { readonly code?: unknown; readonly message: string };
  console.log(JSON.stringify([code, message]));
}
