// Prints a ticket, and ends.
import { MmapOptions } from "../../mod.ts";

console.log(JSON.stringify(new MmapOptions({ len: 1 }).mapAnon().share()));
