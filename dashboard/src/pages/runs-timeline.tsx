/** The worker's runs of the last hour, each a bar as long as it ran. */

import { Link } from "wouter";
import type { Run, Stats } from "../api/contract";
import { useRuns } from "../api/queries";
import { count, duration, jobs, local } from "../text";
import { Moment, useNow } from "../ui/clock";
import { Card, Failed, Loading } from "../ui/parts";

const HOUR_MS = 3_600_000;
const WIDTH = 1_000;
const HEIGHT = 44;

export function RunsTimeline({ stats }: { stats: Stats }) {
  const { data, error, refetch } = useRuns(100);
  const { runs } = stats;
  const words = [
    `${count(runs.lastHour)} in the last hour`,
    runs.missed ? `${count(runs.missed)} minutes without one` : "",
    runs.killed ? `${count(runs.killed)} killed` : "",
    runs.overlapping ? `${count(runs.overlapping)} overlapped` : "",
  ].filter(Boolean);
  return (
    <Card
      title="Runs"
      aside={
        <span className="quiet small">
          {words.join(", ")} · <Link href="/runs">All runs</Link>
        </span>
      }
    >
      {data ? (
        <Timeline runs={data.pages.flatMap((page) => page.runs)} />
      ) : error ? (
        <Failed error={error} what="The runs" retry={() => void refetch()} />
      ) : (
        <Loading rows={1} what="the runs" />
      )}
    </Card>
  );
}

function Timeline({ runs }: { runs: Run[] }) {
  const now = useNow();
  const start = now - HOUR_MS;
  const place = (moment: number) => ((moment - start) / HOUR_MS) * WIDTH;
  const shown = runs.filter((run) => Date.parse(run.finishedAt ?? run.startedAt) > start);
  const last = runs[0];
  return (
    <div className="timeline">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={inWords(shown, now)}>
        <rect className="track" y="18" width={WIDTH} height="8" rx="2" />
        {shown.map((run) => {
          const begun = Date.parse(run.startedAt);
          const ended = run.finishedAt ? Date.parse(run.finishedAt) : Math.min(now, begun + run.budgetMs);
          const state = stateOf(run, now);
          return (
            <rect
              key={run.id}
              className={`run ${state}`}
              x={Math.max(0, place(begun))}
              y={state === "killed" ? 4 : 8}
              width={Math.max(3, place(ended) - Math.max(0, place(begun)))}
              height={state === "killed" ? 36 : 28}
              rx="1.5"
            >
              <title>{`${local(new Date(begun), now)}, ${run.trigger}: ${endInWords(run, now)}`}</title>
            </rect>
          );
        })}
      </svg>
      <div className="timeline-axis" aria-hidden="true">
        <span>1 h ago</span>
        <span>30 min</span>
        <span>now</span>
      </div>
      <p className="quiet small">
        {last ? (
          <>
            The last one began <Moment value={last.startedAt} as="ago" /> by {last.trigger} and {endInWords(last, now)}.
          </>
        ) : (
          "No run was recorded yet."
        )}
      </p>
    </div>
  );
}

export type RunState = "empty" | "budget" | "running" | "killed" | "limit" | "error";

const ENDS = ["budget", "limit", "error"] as const;

/** A run that did not say how it ended was killed, once its time is over. */
export function stateOf(run: Run, now: number): RunState {
  if (run.finishedAt !== null) {
    return ENDS.find((each) => each === run.stopReason) ?? "empty";
  }
  return now - Date.parse(run.startedAt) > run.budgetMs + 5_000 ? "killed" : "running";
}

export function endInWords(run: Run, now: number): string {
  const completed = run.counts.completed ?? 0;
  const took = run.finishedAt ? duration(Date.parse(run.finishedAt) - Date.parse(run.startedAt)) : "";
  switch (stateOf(run, now)) {
    case "running":
      return "still runs";
    case "killed":
      return "was killed: it never said how it ended";
    case "limit":
      return "stopped at once, for enough others ran";
    case "error":
      return `failed after ${took}: the log has why`;
    case "budget":
      return `used up its time after ${took}, ${jobs(completed)} completed`;
    case "empty":
      return `drained the queue in ${took}, ${jobs(completed)} completed`;
  }
}

function inWords(runs: Run[], now: number): string {
  const killed = runs.filter((run) => stateOf(run, now) === "killed").length;
  return `${count(runs.length)} runs within the last hour, ${count(killed)} of them killed`;
}
