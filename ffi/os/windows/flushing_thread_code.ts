// deno-fmt-ignore-file
/**
 * The text of flushing_thread.ts, written by scripts/thread_sources.ts; with `--check` it compiles
 * again and compares.
 *
 * @module
 */

/** See {@linkcode Files.flushSource}. */
export const THREAD_SOURCE: string =
  "(()=>{var o={FlushViewOfFile:{parameters:[\"usize\",\"usize\"],result:\"i32\"},FlushFileBuffers:{parameters:[\"usize\"],result:\"i32\"},GetLastError:{parameters:[],result:\"u32\"}};function f({open:n}){let r;return({ranges:t,file:s})=>{r??=n(\"kernel32.dll\",o);let i=e=>({syscall:e,osError:r.GetLastError()>>>0});for(let e=0;e<t.length;e++){let{0:l,1:u}=t[e];if(r.FlushViewOfFile(l,u)===0)return i(\"FlushViewOfFile\")}return s===void 0||r.FlushFileBuffers(s)!==0?{ending:\"flushed\"}:i(\"FlushFileBuffers\")}}return f})()";
