// deno-fmt-ignore-file
/**
 * The text of waiting_thread.ts, written by scripts/thread_sources.ts; with `--check` it compiles
 * again and compares.
 *
 * @module
 */

/** See {@linkcode Waiting.threadSource}. */
export const THREAD_SOURCE: string =
  "(()=>{var p=1,f=32,l=8;var S=3,z=4,C=14,M=60,E=4n,y=1000000n,g=100,L={os_sync_wait_on_address_with_timeout:{parameters:[\"usize\",\"usize\",\"usize\",\"u32\",\"u32\",\"usize\"],result:\"i32\"},clock_gettime_nsec_np:{parameters:[\"u32\"],result:\"usize\"},memcpy:{parameters:[\"buffer\",\"usize\",\"usize\"],result:\"usize\"},__error:{parameters:[],result:\"usize\"},pthread_kill:{parameters:[\"usize\",\"i32\"],result:\"i32\"}};function D({open:m,view:d},{library:O,thread:N,slice:A}){let e=m(O,L),i=new Int32Array(1),I=new Uint8Array(i.buffer),b=new Int32Array(d(BigInt(e.__error()),4)),x=t=>(e.memcpy(I,t,E),i[0]),T=()=>BigInt(e.clock_gettime_nsec_np(l)),a=(t,n,r)=>e.os_sync_wait_on_address_with_timeout(t,n,E,p,f,r);return({address:t,expected:n,control:r,deadline:u})=>{for(let c=0;;){if(x(r)!==0)return{ending:\"cancelled\"};if(e.pthread_kill(N,0)===S)return{ending:\"cancelled\"};let _=A/10n;if(u!==void 0){let o=u-T();if(o<=0n)return{ending:\"elapsed\"};o<_&&(_=o)}let R=a(t,n,_),s=b[0];if(R>=0)return{ending:\"woken\"};if(s===C&&++c<=g)a(r,0n,y);else if(s===z||s===M)c=0;else return{syscall:\"os_sync_wait_on_address_with_timeout\",osError:s}}}}return D})()";
