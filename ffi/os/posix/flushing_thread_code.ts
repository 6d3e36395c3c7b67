// deno-fmt-ignore-file
/**
 * The text of flushing_thread.ts, written by scripts/thread_sources.ts; with `--check` it compiles
 * again and compares.
 *
 * @module
 */

/** See {@linkcode Files.flushSource}. */
export const THREAD_SOURCE: string =
  "(()=>{var c={msync:{parameters:[\"usize\",\"usize\",\"i32\"],result:\"i32\"}},d={parameters:[],result:\"usize\"};function y({open:t,view:o}){let e,n;return({library:r,errnoLocation:s,address:i,byteLength:l,MS_SYNC:u})=>{if(e===void 0||n===void 0){e=t(r,c).msync;let a=t(r,{[s]:d})[s]();n=new Int32Array(o(BigInt(a),4))}return e(i,l,u)===0?{ending:\"flushed\"}:{syscall:\"msync\",osError:n[0]}}}return y})()";
