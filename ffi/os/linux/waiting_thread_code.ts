// deno-fmt-ignore-file
/**
 * The text of waiting_thread.ts, written by scripts/thread_sources.ts; with `--check` it compiles
 * again and compares.
 *
 * @module
 */

/** See {@linkcode Waiting.threadSource}. */
export const THREAD_SOURCE: string =
  "(()=>{var f=1,g=0n;var k=1,D=3,B=4,R=11,h=38,v=110,S=2n,x=1000000000n,Y=10000000n,K={syscall:{parameters:[\"usize\",\"buffer\",\"usize\",\"usize\",\"buffer\",\"usize\",\"usize\"],result:\"i32\"}},G={syscall:{parameters:[\"usize\",\"usize\",\"usize\",\"usize\",\"buffer\",\"usize\",\"usize\"],result:\"i32\"},clock_gettime:{parameters:[\"i32\",\"buffer\"],result:\"i32\"},__errno_location:{parameters:[],result:\"usize\"}};function W({open:O,view:L},{library:E,numbers:_,process:N,thread:C,slice:b}){let{syscall:P}=O(E,K),{syscall:T,clock_gettime:y,__errno_location:d}=O(E,G),r=new BigInt64Array(2),i=new Uint8Array(r.buffer),A=new BigUint64Array(6),U=new Uint8Array(A.buffer),l=new Int32Array(L(BigInt(d()),4)),z=()=>(y(f,i),r[0]*x+r[1]),p=e=>{r[0]=e/x,r[1]=e%x},m=(e,a,n)=>(p(n),T(_.futex,e,g,a,i,0n,0n)<0?l[0]:0),I=e=>m(e,0n,0n)===R,w=()=>(p(0n),T(_.tgkill,N,C,0n,i,0n,0n)<0&&l[0]===D),o=!0;return({address:e,expected:a,control:n,deadline:s})=>{for(;;){if(w())return{ending:\"cancelled\"};let u=z(),c=u+(o?b:Y);s!==void 0&&s<c&&(c=s<u?u:s);let t;if(o){A.set([0n,n,S,a,e,S]),p(c);let F=BigInt(f),M=P(_.futex_waitv,U,2n,0n,i,F,0n);if(t=l[0],M===1)return{ending:\"woken\"};if(M===0)return{ending:\"cancelled\"}}else{if(I(n))return{ending:\"cancelled\"};if(t=m(e,a,c-u),t===0)return{ending:\"woken\"}}if(t===R)return{ending:I(n)?\"cancelled\":\"woken\"};if(t===v){if(s!==void 0&&z()>=s)return{ending:\"elapsed\"}}else if(o&&(t===h||t===k))o=!1;else if(t!==B)return{syscall:o?\"futex_waitv\":\"futex\",osError:t}}}}return W})()";
