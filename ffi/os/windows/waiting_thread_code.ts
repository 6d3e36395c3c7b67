// deno-fmt-ignore-file
/**
 * The text of waiting_thread.ts, written by scripts/thread_sources.ts; with `--check` it compiles
 * again and compares.
 *
 * @module
 */

/** See {@linkcode Waiting.threadSource}. */
export const THREAD_SOURCE: string =
  "(()=>{var i={WaitForMultipleObjects:{parameters:[\"u32\",\"buffer\",\"i32\",\"u32\"],result:\"u32\"},GetLastError:{parameters:[],result:\"u32\"},QueryPerformanceCounter:{parameters:[\"buffer\"],result:\"i32\"}};function M({open:s},{thread:e,frequency:c,slice:p}){let E=s(\"kernel32.dll\",i),r=new BigUint64Array(3),R=new Uint8Array(r.buffer),n=new BigInt64Array(1),A=new Uint8Array(n.buffer);return({semaphore:f,event:I,deadline:_})=>{for(r.set([f,I,e]);;){let o=p;if(_!==void 0){E.QueryPerformanceCounter(A);let x=Number(_-n[0])/Number(c)*1e3;if(x<=0)return{ending:\"elapsed\"};o=Math.min(o,Math.ceil(x))}let t=E.WaitForMultipleObjects(e===0n?2:3,R,0,o)>>>0;if(t===0)return{ending:\"woken\"};if(t===1||t===2)return{ending:\"cancelled\"};if(t!==258)return{syscall:\"WaitForMultipleObjects\",osError:E.GetLastError()>>>0}}}}return M})()";
