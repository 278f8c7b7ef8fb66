/** How uPlot is told to draw: stacked bars or lines, in the colours of the page. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { count } from "../text";
import type { Series } from "./chart";

/** Bars are stacked: each series is drawn on the sum of those before it, the highest first. */
export function aligned(times: number[], series: Series[], kind: "bars" | "lines"): uPlot.AlignedData {
  if (kind === "lines") {
    return [times, ...series.map((each) => each.values)];
  }
  const below = times.map(() => 0);
  const stacked = series.map((each) =>
    each.values.map((value, row) => {
      below[row] = (below[row] ?? 0) + (value ?? 0);
      return below[row] ?? 0;
    }),
  );
  return [times, ...stacked.reverse()];
}

export function optionsFor(
  host: HTMLElement,
  series: Series[],
  kind: "bars" | "lines",
  height: number,
  setAt: (row: number | null) => void,
): uPlot.Options {
  const colour = (variable: string) => resolved(host, variable);
  const font = `11px ${getComputedStyle(host).fontFamily}`;
  const axis = {
    stroke: colour("--quiet"),
    font,
    grid: { stroke: colour("--line-soft"), width: 1 },
    ticks: { show: false },
  };
  const drawn = kind === "bars" ? [...series].reverse() : series;
  const bars = uPlot.paths.bars?.({ size: [0.76, 26, 1], radius: 0.12 });
  return {
    width: host.clientWidth,
    height,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: kind === "lines" } },
    scales: {
      x: { time: true },
      y: { range: (_plot, _low, high) => [0, Math.max(4, (high ?? 0) * 1.1)] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 26, values: clockLabels, space: 64 },
      {
        ...axis,
        size: 44,
        space: 34,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6],
        values: (_plot, ticks) => ticks.map((tick) => (tick >= 10_000 ? `${tick / 1_000}k` : count(tick))),
      },
    ],
    series: [
      {},
      ...drawn.map((each) => ({
        label: each.label,
        stroke: colour(each.colour),
        ...(kind === "bars"
          ? { fill: colour(each.colour), width: 0, ...(bars ? { paths: bars } : {}), points: { show: false } }
          : {
              width: 2,
              ...(each.dashed ? { dash: [4, 5] } : {}),
              spanGaps: true,
              points: each.dashed ? { show: false } : { show: true, size: 7, filter: lastPoint },
            }),
      })),
    ],
    hooks: { setCursor: [(plot) => setAt(plot.cursor.idx ?? null)] },
  };
}

/** A dot at the newest value, so that one value alone is seen. */
function lastPoint(plot: uPlot, series: number): number[] {
  const row = plot.data[series]?.findLastIndex((value) => value !== null) ?? -1;
  return row < 0 ? [] : [row];
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const SECONDS = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric" });

function clockLabels(_plot: uPlot, ticks: number[], _axis: number, _space: number, every: number): string[] {
  const format = every >= 86_400 ? DAY : every < 60 ? SECONDS : CLOCK;
  return ticks.map((tick) => format.format(tick * 1_000));
}

/** Return a colour as the canvas takes it: a variable may hold light-dark(), which only a property resolves. */
function resolved(host: HTMLElement, variable: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${variable})`;
  host.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
