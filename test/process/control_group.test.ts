import { assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { childValue } from "../support/child_processes.ts";
import { platform, test, use } from "../support/harness.ts";
import { SharedName } from "../support/shared_names.ts";

interface Refusal {
  readonly code: string;
  readonly syscall: string;
  readonly message: string;
}

const MIB = 2 ** 20;
const LIMIT = 512 * MIB;

/** A control group that may have {@linkcode LIMIT} bytes, and one in it; they go with the test. */
class ControlGroup implements Disposable {
  readonly #folder: string;
  /** The file that has the limit. */
  readonly limit: string;
  /** The folder of the group in it, which has no limit of its own. */
  readonly inner: string;

  constructor() {
    const groups = readFileSync("/proc/self/cgroup", "utf8");
    const first = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
    const above = first === undefined
      ? `/sys/fs/cgroup${/^0::(.*)$/m.exec(groups)?.[1]}`
      : `/sys/fs/cgroup/memory${first}`;
    this.#folder = `${above.replace(/\/$/, "")}/sysalloc-${process.pid}`;
    this.inner = `${this.#folder}/inner`;
    const [limit, swap, most] = first === undefined
      ? ["memory.max", "memory.swap.max", 0]
      : ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes", LIMIT];
    this.limit = `${this.#folder}/${limit}`;
    mkdirSync(this.inner, { recursive: true });
    try {
      writeFileSync(this.limit, String(LIMIT));
      const swapLimit = `${this.#folder}/${swap}`;
      if (existsSync(swapLimit)) writeFileSync(swapLimit, String(most));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const folder of [this.inner, this.#folder]) rmdirSync(folder);
  }
}

/** A reason to skip what needs one. */
function unlessControlGroups(): string | undefined {
  if (platform !== "linux") return "only Linux has control groups";
  try {
    new ControlGroup()[Symbol.dispose]();
    return undefined;
  } catch {
    return "no control group with a limit can be made here";
  }
}

test(
  "nothing is made, populated, prefaulted or locked that its control group has no memory for",
  async () => {
    const group = use(new ControlGroup());
    const { above, beside, within, refused, fitting } = await childValue<
      & Record<"above" | "beside" | "within", Refusal>
      & Record<"refused" | "fitting", Refusal[]>
    >("control_group.ts", { args: [group.inner, use(new SharedName()).name] });
    assertEquals(refused.length, 12);
    for (const { code, syscall, message } of [above, beside, ...refused]) {
      assertEquals([code, syscall], ["ENOMEM", undefined]); // nothing was called
      assertStringIncludes(message, `${LIMIT} bytes of memory (${group.limit})`);
    }
    const none = { code: "", syscall: "", message: "" };
    assertEquals([within, ...fitting], [none, none, none, none]);
  },
  { skip: unlessControlGroups() },
);
