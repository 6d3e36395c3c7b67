#!/usr/bin/env node
/**
 * The command `sysalloc`: prints the limits of this system for mapped memory,
 * with how to raise each, the mappings of a process, and the names of shared memory.
 *
 * ```sh
 * npx sysalloc info
 * deno run -A jsr:@sysalloc/sysalloc/cli regions --resident
 * bunx --bun sysalloc regions 1234 --json
 * npx sysalloc shared --remove old-cache
 * ```
 *
 * This module is the program: importing it runs it.
 *
 * @module
 */
import { main } from "./cli/main.ts";
import { runtime } from "./cli/runtime.ts";

runtime.exitCode = main(runtime.argv.slice(2));
