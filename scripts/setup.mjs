// Installs the development tools when package-lock.json has changed since the
// last time, or was never installed. Plain JavaScript: it runs on whatever
// Node.js came with npm, before anything else is there.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";

const USAGE = `Usage: npm run setup

Installs the development tools if package-lock.json has changed since the last time.

Options:
  -h, --help  print this`;

readArguments();

const stamp = "node_modules/.installed-lock.json";
const lock = readFileSync("package-lock.json");
if (!existsSync(stamp) || !readFileSync(stamp).equals(lock)) {
  console.log("Installing the development tools (npm ci)");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    stdio: "inherit",
    shell: process.platform === "win32", // npm is a .cmd file there
  });
  if (status !== 0) process.exit(status ?? 1);
  copyFileSync("package-lock.json", stamp);
}

// scripts/tools/arguments.ts does this for the others: not every Node.js runs TypeScript.
function readArguments() {
  try {
    const { values } = parseArgs({ options: { help: { type: "boolean", short: "h" } } });
    if (!values.help) return;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${error.message.split(/\.\s/, 1)[0]}. Try --help`);
    process.exit(2);
  }
}
