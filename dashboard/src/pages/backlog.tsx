/** How many jobs are due, since this page was opened, and when they will be gone. */

import { useMemo, useRef } from "react";
import type { Stats } from "../api/contract";
import { duration, jobs, rate } from "../text";
import type { Series } from "../ui/chart";
import { Chart } from "../ui/lazy-chart";
import { Card } from "../ui/parts";

const KEPT = 720;
const FORECAST_POINTS = 24;
const LONGEST_SHOWN_S = 3_600;
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

interface Sample {
  at: number;
  due: number;
}

/** Kept while the page is open, whichever screen is shown. */
const samples: Sample[] = [];

export function Backlog({ stats }: { stats: Stats }) {
  const seen = useSamples(stats);
  const { times, series } = useMemo(() => withForecast(seen, stats), [seen, stats]);
  return (
    <Card title="Backlog" aside={<span className="quiet small">since this page was opened, without paused types</span>}>
      <p className="lead">{forecastInWords(stats)}</p>
      <Chart
        label="Due jobs"
        kind="lines"
        times={times}
        series={series}
        timeText={(at) => CLOCK.format(at * 1_000)}
        note="now"
      />
    </Card>
  );
}

/** Due jobs that wait for a run. The forecast is of these: those of a paused type wait for the end of the pause. */
function running(stats: Stats): number {
  return stats.due - held(stats);
}

function held({ types }: Stats): number {
  return types.filter((type) => type.paused).reduce((sum, type) => sum + type.due, 0);
}

/** In words: when the backlog is gone at the present rates, and what a pause holds back. */
export function forecastInWords(stats: Stats): string {
  const paused = held(stats);
  return paused === 0 ? ofRunning(stats) : `${ofRunning(stats)} Paused types hold back ${jobs(paused, "due job")}.`;
}

function ofRunning(stats: Stats): string {
  const { forecastSeconds, rates } = stats;
  const due = running(stats);
  if (due === 0) {
    return held(stats) === 0 ? "No job is due: the queue is drained." : "No job is due that could run.";
  }
  if (forecastSeconds === null) {
    return (
      `At the present rates the backlog is never gone: ${rate(rates.arrivingPerMinute)} arrive, ` +
      `and the runs can end ${rate(rates.capacityPerMinute)}.`
    );
  }
  const end = new Date(Date.parse(stats.generatedAt) + forecastSeconds * 1_000);
  return `At the present rates the ${jobs(due, "due job")} ${due === 1 ? "is" : "are"} done in about ${duration(
    forecastSeconds * 1_000,
  )}, at ${CLOCK.format(end)}.`;
}

function useSamples(stats: Stats): Sample[] {
  const shown = useRef<Sample[]>(samples);
  const at = Date.parse(stats.generatedAt) / 1_000;
  if (at > (samples.at(-1)?.at ?? 0)) {
    samples.push({ at, due: running(stats) });
    samples.splice(0, samples.length - KEPT);
    shown.current = [...samples];
  }
  return shown.current;
}

function withForecast(seen: Sample[], stats: Stats): { times: number[]; series: Series[] } {
  const now = seen.at(-1);
  const ahead = now ? forecast(now, stats) : [];
  const times = [...seen, ...ahead].map((sample) => sample.at);
  const past: (number | null)[] = [...seen.map((sample) => sample.due), ...ahead.map(() => null)];
  const future: (number | null)[] = [
    ...seen.map((sample, position) => (position === seen.length - 1 ? sample.due : null)),
    ...ahead.map((sample) => sample.due),
  ];
  return {
    times,
    series: [
      { label: "Due", colour: "--accent", values: past },
      { label: "Forecast", colour: "--muted", values: future, dashed: true },
    ],
  };
}

function forecast(now: Sample, { forecastSeconds, rates }: Stats): Sample[] {
  const perSecond = (rates.arrivingPerMinute - rates.capacityPerMinute) / 60;
  const end = now.due === 0 ? 300 : Math.min(LONGEST_SHOWN_S, forecastSeconds ?? 900);
  return Array.from({ length: FORECAST_POINTS }, (_, step) => {
    const after = (end * (step + 1)) / FORECAST_POINTS;
    const left =
      now.due === 0
        ? 0
        : forecastSeconds
          ? now.due * Math.max(0, 1 - after / forecastSeconds)
          : now.due + perSecond * after;
    return { at: now.at + after, due: Math.max(0, Math.round(left)) };
  });
}
