// Imports examples one after the other, and marks what each of them prints.
import process from "node:process";

const [mark, ...files] = process.argv.slice(2);
for (const file of files) {
  console.log(`${mark}${file}`);
  try {
    await import(new URL(file, import.meta.url).href);
    await new Promise((resolve) => setTimeout(resolve, 1)); // for callbacks that are due
  } catch (error) {
    console.log(`${mark}${file} threw`);
    console.log(error?.stack ?? error);
  }
}
console.log(`${mark}end`);
process.exit(); // whatever they have left open
