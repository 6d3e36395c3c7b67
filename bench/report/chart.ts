/**
 * The picture of the jobs, as SVG: one for light pages and one for dark ones.
 *
 * @module
 */
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { type Benchmark, type Measure, TIME } from "../catalogue/benchmark.ts";
import { RUNTIMES } from "../catalogue/contenders.ts";
import type { Results, Row } from "../results.ts";
import { Judge } from "./ratios.ts";

/** The colors of a picture; those of the runtimes are apart for the colour-blind too. */
interface Theme {
  readonly text: string;
  readonly grid: string;
  readonly runtimes: readonly string[];
}

const THEMES: Readonly<Record<string, Theme>> = {
  "jobs.svg": { text: "#1f2328", grid: "#d1d9e0", runtimes: ["#0969da", "#bc4c00", "#1a7f37"] },
  "jobs-dark.svg": {
    text: "#e6edf3",
    grid: "#3d444d",
    runtimes: ["#4493f8", "#f0883e", "#3fb950"],
  },
};

/** A bar: the best alternative beside sysalloc, which takes 1. */
interface Bar {
  readonly job: string;
  readonly runtime: string;
  readonly measure: string;
  readonly ratio: number;
}

/** Draws the jobs: files and their contents. */
export async function drawJobs(
  results: Results,
  benchmarks: readonly Benchmark[],
): Promise<[file: string, svg: string][]> {
  const bars = barsOf(results, benchmarks);
  const drawn: [string, string][] = [];
  for (const [file, theme] of Object.entries(THEMES)) drawn.push([file, await draw(bars, theme)]);
  return drawn;
}

/** A bar for each job, runtime and one of two measures. */
export function barsOf({ rows }: Results, benchmarks: readonly Benchmark[]): Bar[] {
  return benchmarks.filter(({ job }) => job !== undefined).flatMap((benchmark) =>
    rows.filter((row) => row.benchmark === benchmark.name && row.error === undefined)
      .flatMap((row) => {
        const measures = benchmark.measures ?? [TIME];
        const memory = measures.find(({ key }) => key === "memory");
        return [
          ...barsBy(benchmark, row, measures[0]!, "time"),
          ...(memory === undefined ? [] : barsBy(benchmark, row, memory, "own memory")),
        ];
      })
  );
}

function barsBy(benchmark: Benchmark, row: Row, by: Measure, measure: string): Bar[] {
  const judge = new Judge(benchmark, row, by);
  return RUNTIMES.flatMap((runtime): Bar[] => {
    const own = judge.bestIn(runtime);
    const peer = own && judge.judge(own).toBestPeer;
    return peer === undefined
      ? []
      : [{ job: benchmark.title, runtime, measure, ratio: 1 / peer.ratio }];
  });
}

async function draw(bars: readonly Bar[], theme: Theme): Promise<string> {
  const view = new View(parse(compile(specOf(bars, theme)).spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}

function specOf(bars: readonly Bar[], { text, grid, runtimes }: Theme): TopLevelSpec {
  const jobs = [...new Set(bars.map(({ job }) => job))];
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    data: { values: [...bars] },
    title: {
      text: "How many times as much the best alternative takes",
      subtitle: "sysalloc is at 1: it is ahead where a bar goes to the right",
      anchor: "start",
      color: text,
      subtitleColor: text,
      fontSize: 14,
      offset: 12,
    },
    background: "transparent",
    facet: {
      column: {
        field: "measure",
        sort: ["time", "own memory"],
        title: null,
        header: { labelColor: text, labelFontSize: 13, labelFontWeight: "bold" },
      },
    },
    spec: {
      width: 240,
      height: { step: 9 },
      mark: { type: "bar", cornerRadiusEnd: 2 },
      encoding: {
        y: {
          field: "job",
          type: "nominal",
          sort: jobs,
          axis: { title: null, labelLimit: 0, ticks: false },
          scale: { paddingInner: 0.3 },
        },
        yOffset: { field: "runtime", sort: [...RUNTIMES] },
        x: {
          field: "ratio",
          type: "quantitative",
          scale: { type: "log", nice: false },
          axis: { title: null, values: ticks(bars), labelExpr: "datum.value + '×'" },
        },
        x2: { datum: 1 },
        color: {
          field: "runtime",
          type: "nominal",
          scale: { domain: [...RUNTIMES], range: [...runtimes] },
          legend: { title: null, orient: "bottom", labelColor: text, labelFontSize: 12 },
        },
      },
    },
    config: {
      aria: false, // a picture of a page is described by the page
      font: "system-ui, sans-serif",
      view: { stroke: null },
      axis: {
        labelColor: text,
        gridColor: grid,
        domainColor: grid,
        tickColor: grid,
        labelFontSize: 12,
      },
    },
  };
}

/** The powers of ten around the ratios. */
function ticks(bars: readonly Bar[]): number[] {
  const powers = bars.map(({ ratio }) => Math.log10(ratio));
  const [first, last] = [Math.floor(Math.min(0, ...powers)), Math.ceil(Math.max(0, ...powers))];
  return Array.from({ length: last - first + 1 }, (_, index) => Number(`1e${first + index}`));
}
