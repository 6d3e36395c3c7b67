// deno-fmt-ignore-file
/**
 * The text of waiting_thread.ts, written by scripts/thread_sources.ts; with `--check` it compiles
 * again and compares.
 *
 * @module
 */

/** See {@linkcode Waiting.threadSource}. */
export const THREAD_SOURCE: string =
  "(()=>{var p=1,f=32,E=8;var S=3,z=4,C=14,M=60,l=4n,L=1000000n,y=100,D={os_sync_wait_on_address_with_timeout:{parameters:[\"usize\",\"usize\",\"usize\",\"u32\",\"u32\",\"usize\"],result:\"i32\"},clock_gettime_nsec_np:{parameters:[\"u32\"],result:\"usize\"},memcpy:{parameters:[\"buffer\",\"usize\",\"usize\"],result:\"usize\"},__error:{parameters:[],result:\"usize\"},pthread_kill:{parameters:[\"usize\",\"i32\"],result:\"i32\"}};function g({open:m,view:O},{library:N,thread:I,slice:A}){let e=m(N,D),n=new Int32Array(1),T=new Uint8Array(n.buffer),d=new Int32Array(O(BigInt(e.__error()),4)),b=t=>(e.memcpy(T,t,l),n[0]),x=()=>BigInt(e.clock_gettime_nsec_np(E)),u=(t,_,r)=>e.os_sync_wait_on_address_with_timeout(t,_,l,p,f,r);return({address:t,expected:_,control:r,deadline:a})=>{for(let c=0;;){if(b(r)!==0)return{ending:\"cancelled\"};if(e.pthread_kill(I,0)===S)return{ending:\"cancelled\"};let o=A/10n;if(a!==void 0){let i=a-x();if(i<=0n)return{ending:\"elapsed\"};i<o&&(o=i)}let R=u(t,_,o),s=d[0];if(R>=0)return{ending:\"woken\"};if(s===C&&++c<=y)u(r,0n,L);else if(s===z||s===M)c=0;else return{syscall:\"os_sync_wait_on_address_with_timeout\",osError:s}}}}return g})()";
