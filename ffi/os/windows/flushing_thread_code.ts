// deno-fmt-ignore-file
/**
 * The text of flushing_thread.ts, written by scripts/thread_sources.ts; with `--check` it compiles
 * again and compares.
 *
 * @module
 */

/** See {@linkcode Files.flushSource}. */
export const THREAD_SOURCE: string =
  "(()=>{var l={FlushViewOfFile:{parameters:[\"usize\",\"usize\"],result:\"i32\"},FlushFileBuffers:{parameters:[\"usize\"],result:\"i32\"},GetLastError:{parameters:[],result:\"u32\"}};function o({open:s}){let e;return({address:i,byteLength:n,file:r})=>{e??=s(\"kernel32.dll\",l);let t=u=>({syscall:u,osError:e.GetLastError()>>>0});return e.FlushViewOfFile(i,n)===0?t(\"FlushViewOfFile\"):r===void 0||e.FlushFileBuffers(r)!==0?{ending:\"flushed\"}:t(\"FlushFileBuffers\")}}return o})()";
