// Asks for the mappings of this process and of the one that started it; prints what came of it.
import { regions } from "../../mod.ts";

const outcomes = [undefined, Number(process.argv[2])].map((pid) => {
  try {
    return regions({ pid }).length > 10 ? "listed" : "too few";
  } catch (error) {
    return (error as Error).name;
  }
});
console.log(JSON.stringify(outcomes));
