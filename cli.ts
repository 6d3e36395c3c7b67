#!/usr/bin/env node
/**
 * The command `sysalloc`: tells what memory this system has to map, with each
 * limit and how to raise it, and what is mapped in a process.
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
