/** Charts over time, drawn by uPlot on a canvas; the same numbers are in a table below for who cannot see it. */

import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { count, jobs } from "../text";
import { Scroll } from "./parts";
import { aligned, optionsFor } from "./plot";
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
