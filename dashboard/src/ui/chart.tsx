/** Charts over time, drawn by uPlot on a canvas; the same numbers are in a table below for who cannot see it. */

import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { count, jobs } from "../text";
import { Scroll } from "./parts";
import { useTheme } from "./theme";

export interface Series {
  label: string;
  /** A CSS variable that holds a colour. */
  colour: string;
  values: (number | null)[];
  dashed?: boolean;
}

interface ChartProps {
  label: string;
  /** Seconds since 1970. */
  times: number[];
  series: Series[];
  kind: "bars" | "lines";
  timeText: (seconds: number) => string;
  height?: number;
  note?: ReactNode;
}

export function Chart({ label, times, series, kind, timeText, height = 168, note }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const { theme } = useTheme();
  const data = useMemo(() => aligned(times, series, kind), [times, series, kind]);
  const latest = useRef(data);
  latest.current = data;
  const shape = series.map((each) => `${each.label} ${each.colour} ${each.dashed}`).join();

  // biome-ignore lint/correctness/useExhaustiveDependencies: new data go into the same chart, below
  useEffect(() => {
    const host = box.current;
    if (!host) {
      return;
    }
    const made = new uPlot(optionsFor(host, series, kind, height, setAt), latest.current, host);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: host.clientWidth, height }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, kind, height, theme]);

  useEffect(() => plot.current?.setData(data), [data]);

  const moment = at === null ? undefined : times[at];
  return (
    <figure className="chart">
      <figcaption>
        <ul className="legend">
          {series.map((each) => (
            <li key={each.label}>
              <span className={`swatch ${each.colour.slice(2)} ${each.dashed ? "dashed" : ""}`} />
              {each.label} {!each.dashed && <b>{valueAt(each, at, kind)}</b>}
            </li>
          ))}
        </ul>
        <span className="quiet">{moment === undefined ? note : timeText(moment)}</span>
      </figcaption>
      <div ref={box} className="plot" role="img" aria-label={`${label}. ${summary(series, kind)}`} />
      <details className="as-table">
        <summary>As a table</summary>
        <Scroll label="The same numbers">
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                {series.map((each) => (
                  <th scope="col" className="number" key={each.label}>
                    {each.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.map((time, row) => (
                <tr key={time}>
                  <td>{timeText(time)}</td>
                  {series.map((each) => (
                    <td className="number" key={each.label}>
                      {shown(each.values[row])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </figure>
  );
}

/** Under the pointer, else the sum of bars and the newest value of a line. */
function valueAt(series: Series, at: number | null, kind: "bars" | "lines"): string {
  if (at !== null) {
    return shown(series.values[at]);
  }
  return kind === "bars" ? count(sum(series.values)) : shown(last(series.values));
}

function sum(values: (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

function last(values: (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

function shown(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : count(value);
}

function summary(series: Series[], kind: "bars" | "lines"): string {
  return series
    .map((each) =>
      kind === "bars" ? `${each.label}: ${jobs(sum(each.values))}` : `${each.label}: ${shown(last(each.values))}`,
    )
    .join(", ");
}

/** Bars are stacked: each series is drawn on the sum of those before it, the highest first. */
function aligned(times: number[], series: Series[], kind: "bars" | "lines"): uPlot.AlignedData {
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

function optionsFor(
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
