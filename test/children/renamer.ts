// Puts what two paths lead to in the place of a third one, in turns, until it is ended: each
// is a link to the one, or to the other, or a file with its bytes.
import { copyFileSync, linkSync, lstatSync, renameSync, symlinkSync } from "node:fs";

const [kind, place, ...sources] = process.argv.slice(2) as [string, string, ...string[]];
const put = { link: symlinkSync, hardlink: linkSync, file: copyFileSync }[kind]!;
for (let count = 0;; count++) {
  const next = `${place}.next`;
  put(sources[count % sources.length]!, next);
  renameSync(next, place);
  if (count === 0) console.log(lstatSync(place).ino);
}
