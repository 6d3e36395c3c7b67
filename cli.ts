#!/usr/bin/env node
/**
 * The command `sysalloc`: prints the limits of this system for mapped memory,
 * with how to raise each, and the mappings of a process.
 *
 * ```sh
 * npx sysalloc info
 * deno run -A jsr:@sysalloc/sysalloc/cli regions --resident
 * bunx --bun sysalloc regions 1234 --json
 * ```
 *
 * This module is the program: importing it runs it.
 *
 * @module
 */
import { main } from "./cli/main.ts";
import { runtime } from "./cli/runtime.ts";

runtime.exitCode = main(runtime.argv.slice(2));
