// deno-fmt-ignore-file
/**
 * The text of waiting_thread.ts, written by scripts/thread_sources.ts; with `--check` it compiles
 * again and compares.
 *
 * @module
 */

/** See {@linkcode Waiting.threadSource}. */
export const THREAD_SOURCE: string =
  "(()=>{var f=1,M=0n;var D=1,k=3,v=4,R=11,B=38,K=110,S=2n,x=1000000000n,Y=10000000n,W={syscall:{parameters:[\"usize\",\"buffer\",\"usize\",\"usize\",\"buffer\",\"usize\",\"usize\"],result:\"i32\"}},G={syscall:{parameters:[\"usize\",\"usize\",\"usize\",\"usize\",\"buffer\",\"usize\",\"usize\"],result:\"i32\"},clock_gettime:{parameters:[\"i32\",\"buffer\"],result:\"i32\"},__errno_location:{parameters:[],result:\"usize\"}};function X({open:O,view:g},{library:E,numbers:l,process:C,thread:N,slice:L}){let{syscall:P}=O(E,W),{syscall:z,clock_gettime:b,__errno_location:y}=O(E,G),r=new BigInt64Array(2),i=new Uint8Array(r.buffer),A=new BigUint64Array(6),U=new Uint8Array(A.buffer),_=new Int32Array(g(BigInt(y()),4)),T=()=>(b(f,i),r[0]*x+r[1]),p=e=>{r[0]=e/x,r[1]=e%x},m=(e,a,n)=>(p(n),z(l.futex,e,M,a,i,0n,0n)<0?_[0]:0),I=e=>m(e,0n,0n)===R,F=()=>(p(0n),z(l.tgkill,C,N,0n,i,0n,0n)<0&&_[0]===k),o=!0;return({address:e,expected:a,control:n,deadline:s})=>{for(;;){if(F())return{ending:\"cancelled\"};let u=T(),c=u+(o?L:Y);s!==void 0&&s<c&&(c=s<u?u:s);let t;if(o){A.set([0n,n,S,a,e,S]),p(c);let w=BigInt(f),d=P(l.futex_waitv,U,2n,0n,i,w,0n);if(t=_[0],d===1)return{ending:\"woken\"};if(d===0)return{ending:\"cancelled\"}}else{if(I(n))return{ending:\"cancelled\"};if(t=m(e,a,c-u),t===0)return{ending:\"woken\"}}if(t===R)return{ending:I(n)?\"cancelled\":\"woken\"};if(t===K){if(s!==void 0&&T()>=s)return{ending:\"elapsed\"}}else if(o&&(t===B||t===D))o=!1;else if(t!==v)return{syscall:o?\"futex_waitv\":\"futex\",osError:t}}}}return X})()";
