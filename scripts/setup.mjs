// Installs the development tools when package-lock.json has changed since the
// last time, or was never installed. Plain JavaScript: it runs on whatever
// Node.js came with npm, before anything else is there.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";

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
