/**
 * Pictures of some results, as SVG.
 *
 * GitHub shows a picture on white or on nearly black, and the picture cannot
 * know which: everything is in middle tones over no background.
 *
 * @module
 */
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Line, Results } from "../results.ts";
import { quartiles } from "./statistics.ts";
import { sizeText } from "./units.ts";

/** One picture: time against size, a panel for each runtime. */
interface Plot {
  /** Its file, without the ending. */
  readonly file: string;
  readonly benchmark: string;
  readonly title: string;
  /** The contenders, from the front to the back, by their names in the table and in the picture. */
  readonly contenders: readonly (readonly [name: string, title: string])[];
}

const PANELS = ["Deno", "Bun", "Node.js 26"] as const;
const TEXT = "#7d8590";
const GRID = "#7d859055";
/** sysalloc first; each is apart from the others for the colour-blind too, and so is its mark. */
const COLORS = ["#e8590c", "#1f84e0", "#8b949e", "#2da44e", "#a371f7", "#bf8700"];
const SHAPES = ["circle", "diamond", "square", "triangle-up", "triangle-down", "cross"];

const PLOTS: readonly Plot[] = [
  {
    file: "map-store",
    benchmark: "map-store",
    title: "Make memory, store the first byte, give it back",
    contenders: [
      ["sysalloc", "sysalloc"],
      ["C, in the process", "C, in the same process"],
      ["new Uint8Array()", "new Uint8Array()"],
      ["SharedArrayBuffer", "SharedArrayBuffer"],
    ],
  },
  {
    file: "ready",
    benchmark: "ready",
    title: "Get zeroed memory ready, every page of it",
    contenders: [
      ['sysalloc, advise("huge-page")', 'sysalloc, advise("huge-page")'],
      ["sysalloc, populate()", "sysalloc, populate()"],
      ["new Uint8Array()", "new Uint8Array()"],
      ["SharedArrayBuffer", "SharedArrayBuffer"],
    ],
  },
  {
    file: "open-record",
    benchmark: "open-record",
    title: "Open a file and read one record",
    contenders: [
      ["sysalloc, read()", "sysalloc, map() and read()"],
      ["node:fs", "node:fs, a positioned read"],
      ["readFileSync()", "readFileSync()"],
      ["Bun.mmap()", "Bun.mmap()"],
    ],
  },
  {
    file: "grow",
    benchmark: "grow",
    title: "Grow memory in 8 steps, every page of it used",
    contenders: [
      ["sysalloc, reserve() and commit()", "sysalloc, reserve()"],
      ["sysalloc, resize()", "sysalloc, resize()"],
      ["resizable ArrayBuffer", "resizable ArrayBuffer"],
      ["copying to a new array", "copying to a new array"],
    ],
  },
  {
    file: "hand-over",
    benchmark: "hand-over",
    title: "Hand memory to a worker, and wait for its answer",
    contenders: [
      ["sysalloc, share()", "sysalloc, share()"],
      ["SharedArrayBuffer", "SharedArrayBuffer"],
      ["structured clone", "structured clone"],
      ["a message without memory", "a message without memory"],
    ],
  },
];

/** A point of a picture. */
interface Point {
  readonly panel: string;
  readonly what: string;
  readonly size: number;
  /** In seconds. */
  readonly time: number;
}

/** Draws all pictures: their files and contents. */
export async function drawPlots(results: Results): Promise<[file: string, svg: string][]> {
  const drawn: [string, string][] = [];
  for (const plot of PLOTS) drawn.push([`${plot.file}.svg`, await draw(plot, results)]);
  return drawn;
}

async function draw(plot: Plot, results: Results): Promise<string> {
  const { spec } = compile(specOf(plot, pointsOf(plot, results)));
  const view = new View(parse(spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}

function pointsOf({ benchmark, contenders }: Plot, { rows }: Results): Point[] {
  const titles = new Map(contenders);
  return rows.filter((row) => row.benchmark === benchmark).flatMap(({ size, lines }) =>
    lines.filter(({ name, host }) => titles.has(name) && PANELS.some((panel) => panel === host))
      .flatMap((line) => pointOf(line, size, titles.get(line.name)!))
  );
}

function pointOf({ host, rounds }: Line, size: number, what: string): Point[] {
  const times = rounds["time"];
  if (!times?.length) return [];
  return [{ panel: host, what, size, time: quartiles(times).median / 1e9 }];
}

function specOf({ title, contenders }: Plot, points: readonly Point[]): TopLevelSpec {
  const titles = contenders.map(([, title]) => title);
  const sizes = [...new Set(points.map(({ size }) => size))].sort((a, b) => a - b);
  const labels = `{${sizes.map((size) => `"${size}": "${sizeText(size)}"`).join(", ")}}`;
  const scale = { domain: titles, range: COLORS.slice(0, titles.length) };
  const mark = { filled: true, size: 55, opacity: 1 };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    data: { values: [...points] },
    title: { text: title, anchor: "start", color: TEXT, fontSize: 14, offset: 12 },
    background: "transparent",
    facet: {
      column: {
        field: "panel",
        sort: [...PANELS],
        title: null,
        header: { labelColor: TEXT, labelFontSize: 13, labelFontWeight: "bold" },
      },
    },
    spec: {
      width: 250,
      height: 230,
      encoding: {
        x: {
          field: "size",
          type: "quantitative",
          scale: { type: "log", base: 2, nice: false },
          axis: {
            values: sizes,
            labelExpr: `${labels}[datum.value]`,
            labelAngle: -40,
            labelOverlap: false,
            title: null,
          },
        },
        y: {
          field: "time",
          type: "quantitative",
          scale: { type: "log" },
          axis: {
            title: "time: less is better",
            format: "~s",
            labelExpr: "datum.label === '' ? '' : datum.label + 's'",
            values: decades(points.map(({ time }) => time)),
          },
        },
        color: { field: "what", type: "nominal", scale, legend: legend() },
        shape: {
          field: "what",
          type: "nominal",
          scale: { domain: titles, range: SHAPES.slice(0, titles.length) },
          legend: legend(),
        },
      },
      layer: [
        { mark: { type: "line", strokeWidth: 2 } },
        { mark: { type: "point", ...mark } },
      ],
    },
    config: {
      aria: false, // a picture of a page is described by the page
      font: "system-ui, sans-serif",
      view: { stroke: GRID },
      axis: {
        labelColor: TEXT,
        titleColor: TEXT,
        gridColor: GRID,
        domainColor: TEXT,
        tickColor: TEXT,
        labelFontSize: 11,
        titleFontSize: 12,
      },
    },
  };
}

/** The powers of ten around values: a line for each of the others would be too many. */
function decades(values: readonly number[]): number[] {
  const [first, last] = [Math.min(...values), Math.max(...values)].map(Math.log10);
  const decades: number[] = [];
  for (let power = Math.floor(first!); power <= Math.ceil(last!); power++) {
    decades.push(Number(`1e${power}`));
  }
  return decades;
}

function legend() {
  return {
    title: null,
    orient: "bottom",
    labelColor: TEXT,
    labelFontSize: 12,
    labelLimit: 0,
    columns: 4,
    symbolSize: 80,
  } as const;
}
