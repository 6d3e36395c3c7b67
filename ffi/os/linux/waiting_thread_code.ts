// deno-fmt-ignore-file
/**
 * The text of waiting_thread.ts, written by scripts/thread_sources.ts; with `--check` it compiles
 * again and compares.
 *
 * @module
 */

/** See {@linkcode Waiting.threadSource}. */
export const THREAD_SOURCE: string =
  "(()=>{var x=1,R=0n;var D=1,k=3,v=4,S=11,B=38,K=110,C=2n,f=1000000000n,Y=10000000n,W={syscall:{parameters:[\"usize\",\"buffer\",\"usize\",\"usize\",\"buffer\",\"usize\",\"usize\"],result:\"i32\"}},G={syscall:{parameters:[\"usize\",\"usize\",\"usize\",\"usize\",\"buffer\",\"usize\",\"usize\"],result:\"i32\"},clock_gettime:{parameters:[\"i32\",\"buffer\"],result:\"i32\"},__errno_location:{parameters:[],result:\"usize\"}};function X({open:O,view:N},{library:E,numbers:_,process:g,thread:d,slice:L}){let{syscall:P}=O(E,W),{syscall:T,clock_gettime:b,__errno_location:y}=O(E,G),r=new BigInt64Array(2),i=new Uint8Array(r.buffer),m=new BigUint64Array(6),U=new Uint8Array(m.buffer),l=new Int32Array(N(BigInt(y()),4)),z=()=>(b(x,i),r[0]*f+r[1]),p=e=>{r[0]=e/f,r[1]=e%f},A=(e,u,n)=>(p(n),T(_.futex,e,R,u,i,0n,0n)<0?l[0]:0),I=e=>A(e,0n,0n)===S,F=()=>(p(0n),T(_.tgkill,g,d,0n,i,0n,0n)<0&&l[0]===k),o=!0;return({address:e,expected:u,control:n,deadline:s})=>{for(;;){if(F())return{ending:\"cancelled\"};let a=z(),c=a+(o?L:Y);s!==void 0&&s<c&&(c=s<a?a:s);let t;if(o){m.set([0n,n,C,u,e,C]),p(c);let w=BigInt(x),M=P(_.futex_waitv,U,2n,0n,i,w,0n);if(t=l[0],M===1)return{ending:\"woken\"};if(M===0)return{ending:\"cancelled\"}}else{if(I(n))return{ending:\"cancelled\"};if(t=A(e,u,c-a),t===0)return{ending:\"woken\"}}if(t===S)return{ending:I(n)?\"cancelled\":\"woken\"};if(t===K){if(s!==void 0&&z()>=s)return{ending:\"elapsed\"}}else if(o&&(t===B||t===D))o=!1;else if(t!==v)return{syscall:o?\"futex_waitv\":\"futex\",osError:t}}}}return X})()";
