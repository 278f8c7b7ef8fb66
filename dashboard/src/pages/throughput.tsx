/** The jobs that ended: minute by minute of the last hour, or hour by hour of the last week. */

import { useMemo, useState } from "react";
import type { Stats } from "../api/contract";
import { rate } from "../text";
import type { Series } from "../ui/chart";
import { Chart } from "../ui/lazy-chart";
import { Card } from "../ui/parts";

const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const HOUR = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });

export function Throughput({ stats }: { stats: Stats }) {
  const [span, setSpan] = useState<"hour" | "week">("hour");
  const rows = span === "hour" ? stats.throughput : stats.throughputByHour;
  const times = useMemo(() => rows.map((row) => Date.parse("minute" in row ? row.minute : row.hour) / 1_000), [rows]);
  const series = useMemo<Series[]>(
    () => [
      { label: "Completed", colour: "--good", values: rows.map((row) => row.completed) },
      { label: "Discarded", colour: "--muted", values: rows.map((row) => row.discarded) },
      { label: "Dead", colour: "--bad", values: rows.map((row) => row.dead) },
    ],
    [rows],
  );
  const text = (seconds: number) =>
    span === "hour" ? `${MINUTE.format(seconds * 1_000)}, one minute` : `${HOUR.format(seconds * 1_000)}, one hour`;
  return (
    <Card
      title="Ended jobs"
      aside={
        <fieldset className="choice">
          <legend className="unseen">Span</legend>
          {(["hour", "week"] as const).map((each) => (
            <label key={each}>
              <input type="radio" name="span" checked={span === each} onChange={() => setSpan(each)} />
              <span>{each === "hour" ? "Last hour" : "Last week"}</span>
            </label>
          ))}
        </fieldset>
      }
    >
      <p className="lead">
        {rate(stats.rates.endingPerMinute)} end now, {rate(stats.rates.arrivingPerMinute)} arrive. The runs could end{" "}
        {rate(stats.rates.capacityPerMinute)}.
      </p>
      <Chart
        label={span === "hour" ? "Ended jobs a minute, last hour" : "Ended jobs an hour, last week"}
        kind="bars"
        times={times}
        series={series}
        timeText={text}
        note={span === "hour" ? "jobs a minute" : "jobs an hour"}
      />
    </Card>
  );
}
