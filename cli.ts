#!/usr/bin/env node
/**
 * The command `sysalloc`: prints the limits of this system for mapped memory,
 * with how to raise each, the mappings of a process, and the names of shared memory.
 *
 * ```sh
 * deno run -A jsr:@sysalloc/sysalloc/cli info
 * bunx --bun sysalloc regions --resident
 * npx sysalloc regions 1234 --json
 * npx -p sysalloc -p koffi@3 sysalloc shared --remove old-cache # Node.js below 26.9
 * ```
 *
 * This module is the program: importing it runs it.
 *
 * @module
 */
import { main } from "./cli/main.ts";
import { runtime } from "./cli/runtime.ts";

runtime.exitCode = main(runtime.argv.slice(2));
