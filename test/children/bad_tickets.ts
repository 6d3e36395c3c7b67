// Tries tickets that are none, or are not valid, by fromTicket() and release(),
// and prints what came of each, and of the memory. The argument is a ticket of
// another process, as JSON.
import { Mmap, MmapError, MmapOptions, type MmapTicket, pageSize } from "../../mod.ts";
import { isMapped } from "../support/memory_map.ts";

class Thrown extends Error {}

const CONTENT = 0x5a;
const PAGE = pageSize();
const throws = (): never => {
  throw new Thrown();
};

const mmap = new MmapOptions({ len: 4 * PAGE }).mapAnon();
mmap.bytes.fill(CONTENT);
const { address } = mmap;
/** One that is open all the while. */
const open = mmap.share();

const other = new MmapOptions({ len: PAGE }).mapAnon();
/** Memory that holds what a table might. */
const forged = new MmapOptions({ len: PAGE }).mapAnon();
forged.view(BigUint64Array).fill(0x7379_7361_6c6c_6f02n);

function used(): MmapTicket {
  const ticket = mmap.share();
  Mmap.fromTicket(ticket).unmap();
  return ticket;
}

function released(): MmapTicket {
  const ticket = mmap.share();
  Mmap.release(ticket);
  return ticket;
}

/** Of memory that is unmapped since. */
function stale(): MmapTicket {
  const gone = new MmapOptions({ len: PAGE }).mapAnon();
  const ticket = gone.share();
  Mmap.fromTicket(ticket).unmap();
  gone.unmap();
  return ticket;
}

/** Of a slot that is another ticket's since, which is released again. */
function reused(): MmapTicket {
  const ticket = stale();
  const others = Array.from({ length: 600 }, () => other.share());
  for (const ticket of others) Mmap.release(ticket);
  return ticket;
}

const key = (digits: string) => digits.repeat(32 / digits.length);
const flip = (text: string, at: number) =>
  text.slice(0, at) + (text[at] === "0" ? "1" : "0") + text.slice(at + 1);

/** Tickets that are tried, and their outcomes. */
const TICKETS: Readonly<Record<string, readonly [expected: string, make: () => unknown]>> = {
  "undefined": ["TypeError", () => undefined],
  "null": ["TypeError", () => null],
  "a number": ["TypeError", () => 0],
  "NaN": ["TypeError", () => NaN],
  "a bigint": ["TypeError", () => address],
  "a string": ["TypeError", () => JSON.stringify(open)],
  "a boolean": ["TypeError", () => true],
  "a symbol": ["TypeError", () => Symbol("ticket")],
  "a function": ["TypeError", () => Object.assign(() => {}, { ...open })],
  "an array": ["TypeError", () => [open.slot, open.key]],
  "an empty object": ["TypeError", () => ({})],
  "no key": ["TypeError", () => ({ slot: open.slot })],
  "no slot": ["TypeError", () => ({ key: open.key })],
  "a slot that is a string": ["TypeError", () => ({ ...open, slot: String(open.slot) })],
  "a slot that is a bigint": ["TypeError", () => ({ ...open, slot: BigInt(open.slot) })],
  "a slot that is null": ["TypeError", () => ({ ...open, slot: null })],
  "a slot that is an object": ["TypeError", () => ({ ...open, slot: Object(open.slot) })],
  "a slot that converts": ["TypeError", () => ({ ...open, slot: { valueOf: () => open.slot } })],
  "a key that is a number": ["TypeError", () => ({ ...open, key: 5 })],
  "a key that is an object": ["TypeError", () => ({ ...open, key: Object(open.key) })],
  "a key that is bytes": ["TypeError", () => ({ ...open, key: new Uint8Array(16) })],
  "the handle": ["TypeError", () => mmap],
  "what intoRaw() gives": ["TypeError", () => ({ address, byteLength: PAGE })],
  "a view of it": ["TypeError", () => mmap.bytes],
  "a getter that throws": [
    "Thrown",
    () => Object.defineProperty({ key: open.key }, "slot", { get: throws }),
  ],
  "a key whose getter throws": [
    "Thrown",
    () => Object.defineProperty({ slot: open.slot }, "key", { get: throws }),
  ],
  "a proxy that throws": ["Thrown", () => new Proxy(open, { get: throws })],
  "a proxy that is revoked": ["TypeError", () => {
    const { proxy, revoke } = Proxy.revocable({ ...open }, {});
    revoke();
    return proxy;
  }],
  "a proxy with other answers": ["EBADF", () => {
    const answers: Record<string, unknown> = { slot: open.slot, key: key("0") };
    return new Proxy({}, { get: (_, name) => answers[String(name)] });
  }],
  "a getter that uses it up": ["EBADF", () => {
    const ticket = mmap.share();
    return {
      slot: ticket.slot,
      get key() {
        Mmap.fromTicket(ticket).unmap();
        return ticket.key;
      },
    };
  }],
  "a getter that unmaps its memory": ["EBADF", () => {
    const gone = new MmapOptions({ len: PAGE }).mapAnon();
    const ticket = gone.share();
    return {
      get slot() {
        Mmap.release(ticket);
        gone.unmap();
        return ticket.slot;
      },
      key: ticket.key,
    };
  }],
  "used": ["EBADF", used],
  "a clone of a used one": ["EBADF", () => structuredClone(used())],
  "a used one from JSON": ["EBADF", () => JSON.parse(JSON.stringify(used()))],
  "a used one's clone of before": ["EBADF", () => {
    const ticket = mmap.share();
    const clone = structuredClone(ticket);
    Mmap.fromTicket(ticket).unmap();
    return clone;
  }],
  "used by a clone": ["EBADF", () => {
    const ticket = mmap.share();
    Mmap.fromTicket(structuredClone(ticket)).unmap();
    return ticket;
  }],
  "released": ["EBADF", released],
  "a clone of a released one": ["EBADF", () => structuredClone(released())],
  "stale": ["EBADF", stale],
  "stale, of a slot that was used again": ["EBADF", reused],
  "of another process": ["EBADF", () => JSON.parse(process.argv[2]!)],
  "of another process, at the slot of an open one": [
    "EBADF",
    () => ({ ...open, key: JSON.parse(process.argv[2]!).key }),
  ],
  "another's key": ["EBADF", () => {
    const ticket = other.share();
    Mmap.release(ticket);
    return { slot: open.slot, key: ticket.key };
  }],
  "a key of zeros": ["EBADF", () => ({ ...open, key: key("0") })],
  "a key of ones": ["EBADF", () => ({ ...open, key: key("f") })],
  "a key that differs at its start": ["EBADF", () => ({ ...open, key: flip(open.key, 0) })],
  "a key that differs at its end": ["EBADF", () => ({ ...open, key: flip(open.key, 31) })],
  "a key that is empty": ["EBADF", () => ({ ...open, key: "" })],
  "a key that is too short": ["EBADF", () => ({ ...open, key: open.key.slice(1) })],
  "a key that is too long": ["EBADF", () => ({ ...open, key: `${open.key}0` })],
  "a key in capitals": ["EBADF", () => ({ ...open, key: `${open.key.slice(0, 31)}A` })],
  "a key with a line after it": ["EBADF", () => ({ ...open, key: `${open.key}\n` })],
  "a key with a NUL": ["EBADF", () => ({ ...open, key: `${open.key.slice(0, 31)}\0` })],
  "a key that is no number": ["EBADF", () => ({ ...open, key: key("xy") })],
  "a key of a mebibyte": ["EBADF", () => ({ ...open, key: "0".repeat(2 ** 20) })],
  "a negative slot": ["EBADF", () => ({ ...open, slot: -1 })],
  "a very negative slot": ["EBADF", () => ({ ...open, slot: -(2 ** 53) })],
  "half a slot": ["EBADF", () => ({ ...open, slot: open.slot + 0.5 })],
  "a slot that is NaN": ["EBADF", () => ({ ...open, slot: NaN })],
  "an infinite slot": ["EBADF", () => ({ ...open, slot: Infinity })],
  "a slot of minus infinity": ["EBADF", () => ({ ...open, slot: -Infinity })],
  "a tiny slot": ["EBADF", () => ({ ...open, slot: Number.MIN_VALUE })],
  "a huge slot": ["EBADF", () => ({ ...open, slot: 1e300 })],
  "a slot of 2^31": ["EBADF", () => ({ ...open, slot: 2 ** 31 })],
  "a slot of 2^32": ["EBADF", () => ({ ...open, slot: 2 ** 32 + open.slot })],
  "a slot of 2^53": ["EBADF", () => ({ ...open, slot: 2 ** 53 })],
  "the slot before the first": ["EBADF", () => ({ ...open, slot: -0.1 })],
  "the slot after the last": ["EBADF", () => ({ ...open, slot: 511 })],
  "the slots around": ["EBADF", () => ({ ...open, slot: open.slot + 1 })],
  "the address as a slot": ["EBADF", () => ({ ...open, slot: Number(address) })],
  "an address of forged memory": ["EBADF", () => ({ ...open, slot: Number(forged.address) })],
};

function outcomeOf(call: () => unknown): string {
  try {
    call();
    return "no error";
  } catch (error) {
    if (error instanceof MmapError) return error.code;
    if (error instanceof Thrown) return "Thrown";
    return error instanceof TypeError ? "TypeError" : String(error);
  }
}

const wrong: string[] = [];
for (const [name, [expected, make]] of Object.entries(TICKETS)) {
  for (const call of ["fromTicket", "release"] as const) {
    const ticket = make() as MmapTicket;
    const outcome = outcomeOf(() => Mmap[call](ticket));
    if (outcome !== expected) wrong.push(`${call}() of ${name}: ${outcome}, not ${expected}`);
  }
}
// Every slot, with a key that is none of it.
for (let slot = 0; slot < 600; slot++) {
  const outcome = outcomeOf(() => Mmap.fromTicket({ slot, key: key("7") }));
  if (outcome !== "EBADF") wrong.push(`slot ${slot}: ${outcome}`);
}
const isIntact = mmap.bytes.every((byte) => byte === CONTENT);
mmap.unmap();
other.unmap();
forged.unmap();
// The open one has kept the memory, and is good for one handle still.
const last = Mmap.fromTicket(JSON.parse(JSON.stringify(open)));
const isIntactAtLast = last.bytes.every((byte) => byte === CONTENT) && last.address === address;
const wasMapped = isMapped(address);
last.unmap();
console.log(JSON.stringify({
  tried: Object.keys(TICKETS).length,
  wrong,
  content: [isIntact, isIntactAtLast, wasMapped],
}));
