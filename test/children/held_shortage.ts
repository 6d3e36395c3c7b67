// Maps what there is only room for once a held range is released.
import { MmapOptions } from "../../mod.ts";
import { limitAddressSpace } from "../support/process_limits.ts";

const MIB = 2 ** 20;
const options = new MmapOptions({ len: 1024 * MIB, noReserve: true });
const first = options.mapAnon();
first.bytes[0] = 1;
first.unmap();
limitAddressSpace(1024 * MIB);
const second = options.len(1200 * MIB).mapAnon(); // more than is held, and than is free
console.log(JSON.stringify({ byteLength: second.byteLength, first: second.bytes[0] }));
