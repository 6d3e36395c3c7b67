/**
 * A simulated address space: what each page is, and what may be done with it.
 *
 * Its addresses are none that a processor knows, so that a mapping that slips out of a test
 * cannot hit memory of the process.
 *
 * @module
 */

/** The length of a page in bytes. */
export const PAGE = 4096n;
/** The multiple that addresses of new mappings are, in bytes. */
export const GRANULE = 65_536n;
/** The last address of a process: no processor has as many. */
export const MAXIMUM_ADDRESS: bigint = 2n ** 62n - 1n;

/** A range of one mapping whose pages are alike. It ends where the mapping ends, also within a page. */
export interface Run {
  readonly start: bigint;
  readonly end: bigint;
  /** The address that the mapping has, or had before it was cut. */
  readonly base: bigint;
  /** The kind of the pages, and last their protection, as the system's number. */
  readonly state: string;
  readonly isLocked: boolean;
}

/** Everything that is mapped. */
export class AddressSpace {
  #runs: readonly Run[] = [];
  /** The memory of the engine, once something is mapped into it. */
  engine: { readonly start: bigint; readonly end: bigint } | undefined;
  #next = 2n ** 60n;
  readonly #places: bigint[] | undefined;
  /** The address of the next mapping, whatever was asked for. */
  forced: bigint | undefined;

  /** `places`: where mappings land that have no free address to land at; default: above 2^60. */
  constructor(places?: readonly bigint[]) {
    this.#places = places && [...places];
  }

  /** The runs, by address. */
  get runs(): readonly Run[] {
    return this.#runs;
  }

  /** The number of pages that are mapped. */
  get pageCount(): number {
    return Number(
      this.#runs.reduce((sum, { start, end }) => sum + pagesUp(end) - start, 0n) / PAGE,
    );
  }

  /** The start and length of each run. */
  get mapped(): [start: bigint, byteLength: bigint][] {
    return this.#runs.map(({ start, end }) => [start, end - start]);
  }

  /** The run that an address is in. */
  at(address: bigint): Run | undefined {
    return this.#runs.find(({ start, end }) => start <= address && address < pagesUp(end));
  }

  /** The run that an address is in, or the next one. */
  from(address: bigint): Run | undefined {
    return this.#runs.find(({ end }) => address < pagesUp(end));
  }

  /** Whether the engine has a range, and no file is mapped there. */
  isEngines(start: bigint, end: bigint): boolean {
    const { engine } = this;
    return engine !== undefined && start >= engine.start && end <= engine.end &&
      !this.states(start, end - start).some((state) => state.includes("file"));
  }

  isFree(address: bigint, byteLength: bigint): boolean {
    return !this.#runs.some(({ start, end }) =>
      start < address + byteLength && address < pagesUp(end)
    );
  }

  /** Maps at an address that is free, or always (`isFixed`); elsewhere if not. */
  map(address: bigint, byteLength: bigint, state: string, isFixed = false): bigint {
    const isThere = address !== 0n && (isFixed || this.isFree(address, byteLength));
    const base = this.forced ?? (isThere ? address : this.#place(byteLength));
    this.forced = undefined;
    if (isFixed) this.#replace(base, byteLength, () => undefined);
    else if (!this.isFree(base, byteLength)) throw new Error(`0x${base.toString(16)} is taken`);
    const made = { start: base, end: base + byteLength, base, state, isLocked: false };
    this.#runs = [...this.#runs, made].sort((a, b) => a.start < b.start ? -1 : 1);
    return base;
  }

  #place(byteLength: bigint): bigint {
    if (this.#places !== undefined) {
      const place = this.#places.shift();
      if (place === undefined) throw new Error("One call too many that maps");
      return place;
    }
    const place = this.#next;
    this.#next += (byteLength / GRANULE + 2n) * GRANULE; // with space between
    return place;
  }

  /** Throws unless a range is mapped, from the start of a page on. */
  own(address: bigint, byteLength: bigint): void {
    let end = address;
    for (const run of this.#runs) {
      if (run.start <= end && end < pagesUp(run.end)) end = pagesUp(run.end);
    }
    if (address % PAGE !== 0n && this.at(address)?.base !== address) {
      throw new Error(`0x${address.toString(16)} is not the address of a page`);
    }
    if (end < address + byteLength) {
      throw new Error(`${byteLength} bytes at 0x${address.toString(16)} are not the library's own`);
    }
  }

  unmap(address: bigint, byteLength: bigint): void {
    this.own(address, byteLength);
    this.#replace(address, byteLength, () => undefined);
  }

  /** Unmaps a whole mapping, as Windows does. */
  unmapWhole(address: bigint): void {
    if (this.at(address)?.base !== address) throw new Error("No mapping starts there");
    this.#runs = this.#runs.filter(({ base }) => base !== address);
  }

  /** Makes a range of a mapping a mapping of its own, and so what is behind it. */
  split(address: bigint, byteLength: bigint): void {
    const second = address + byteLength;
    const before = this.at(address)?.base;
    this.#replace(address, byteLength, (run) => ({ ...run, base: address }));
    this.#runs = this.#runs.map((run) =>
      run.base === before && run.start >= second ? { ...run, base: second } : run
    );
  }

  /** The mappings in a range, by their bases. */
  bases(address: bigint, byteLength: bigint): readonly bigint[] {
    return [...new Set(this.#in(address, byteLength).map(({ base }) => base))];
  }

  /** The states of the runs in a range. */
  states(address: bigint, byteLength: bigint): string[] {
    return this.#in(address, byteLength).map(({ state }) => state);
  }

  isLocked(address: bigint, byteLength: bigint): boolean {
    return this.#in(address, byteLength).some(({ isLocked }) => isLocked);
  }

  #in(address: bigint, byteLength: bigint): Run[] {
    this.own(address, byteLength);
    const end = address + byteLength;
    return this.#runs.filter((run) => run.start < end && address < pagesUp(run.end));
  }

  /** Changes what pages are. */
  change(address: bigint, byteLength: bigint, change: (state: string) => string): void {
    this.own(address, byteLength);
    this.#replace(address, byteLength, (run) => ({ ...run, state: change(run.state) }));
  }

  /** Changes what may be done with pages. */
  protect(address: bigint, byteLength: bigint, protection: number): void {
    this.change(address, byteLength, (state) => state.replace(/\d+$/, String(protection)));
  }

  /** Locks pages, or unlocks them. */
  lock(address: bigint, byteLength: bigint, isLocked: boolean): void {
    this.own(address, byteLength);
    this.#replace(address, byteLength, (run) => ({ ...run, isLocked }));
  }

  /** Replaces what of each run is in a range. */
  #replace(address: bigint, byteLength: bigint, change: (run: Run) => Run | undefined): void {
    const end = pagesUp(address + byteLength);
    this.#runs = this.#runs.flatMap((run) => {
      if (run.start >= end || address >= pagesUp(run.end)) return [run];
      const inner = change({
        ...run,
        start: address > run.start ? address : run.start,
        end: end < run.end ? end : run.end,
      });
      return [
        ...(run.start < address ? [{ ...run, end: address }] : []),
        ...(inner === undefined ? [] : [inner]),
        ...(end < run.end ? [{ ...run, start: end }] : []),
      ];
    });
  }

  /** Everything that is mapped, as text: neighbours that are alike as one. */
  toString(showsLocks = true): string {
    const lines: { start: bigint; end: bigint; what: string }[] = [];
    for (const { start, end, state, isLocked } of this.#runs) {
      const what = state + (isLocked && showsLocks ? " locked" : "");
      const last = lines.at(-1);
      if (last?.end === start && last.what === what) last.end = pagesUp(end);
      else lines.push({ start, end: pagesUp(end), what });
    }
    return lines.map(({ start, end, what }) => `${start.toString(16)}-${end.toString(16)} ${what}`)
      .join("\n");
  }
}

/** Rounds up to pages. */
export function pagesUp(end: bigint): bigint {
  return (end + PAGE - 1n) / PAGE * PAGE;
}
