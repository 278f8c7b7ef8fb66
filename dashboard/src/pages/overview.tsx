/** The queue at a glance: what is wrong, how many jobs are where, what ended, and when the backlog is gone. */

import { type ReactNode, useMemo, useState } from "react";
import { Link } from "wouter";
import type { Stats } from "../api/contract";
import { useStats } from "../api/queries";
import { count, duration, jobs, rate, share, words } from "../text";
import { Chart, type Series } from "../ui/chart";
import { Moment } from "../ui/clock";
import { Card, Failed, Loading, Meter, PageHead, State, Tag } from "../ui/parts";
import { Backlog } from "./backlog";
import { HealthReasons } from "./health";
import { RunsTimeline } from "./runs-timeline";

export function Overview() {
  const { data: stats, error, refetch } = useStats();
  return (
    <>
      <PageHead title="Overview" />
      <HealthReasons />
      {stats ? (
        <Numbers stats={stats} />
      ) : error ? (
        <Failed error={error} what="The statistics" retry={() => void refetch()} />
      ) : (
        <Loading rows={6} what="the statistics" />
      )}
    </>
  );
}

function Numbers({ stats }: { stats: Stats }) {
  return (
    <>
      <Counts stats={stats} />
      <div className="grid two">
        <Throughput stats={stats} />
        <Backlog stats={stats} />
      </div>
      <RunsTimeline stats={stats} />
      <div className="grid two">
        <ByType stats={stats} />
        <Noteworthy stats={stats} />
      </div>
    </>
  );
}

function Counts({ stats }: { stats: Stats }) {
  const about = stats.pendingIsEstimate ? "About " : "";
  const completed = stats.types.reduce((total, type) => total + type.completedLast24h, 0);
  return (
    <ul className="counts" aria-label="Jobs by state">
      <Figure to="/jobs?status=pending" name="Due now" value={stats.due} about={about}>
        {stats.oldestDueSeconds === null ? "nothing waits" : `oldest ${duration(stats.oldestDueSeconds * 1_000)}`}
      </Figure>
      <Figure to="/jobs?status=processing" name="Running" value={stats.processing}>
        {stats.stuck ? <Tag tone="bad">{jobs(stats.stuck)} stuck</Tag> : "none stuck"}
      </Figure>
      <Figure to="/jobs?status=failed" name="Retrying" value={stats.failed} about={about}>
        wait for a retry
      </Figure>
      <Figure to="/jobs?status=pending" name="Scheduled" value={stats.scheduled} about={about}>
        due later
      </Figure>
      <Figure to="/jobs?status=dead" name="Dead" value={stats.deadLast24h} tone={stats.deadLast24h ? "bad" : ""}>
        within 24 h
      </Figure>
      <Figure to="/jobs?status=completed" name="Completed" value={completed}>
        within 24 h
      </Figure>
    </ul>
  );
}

interface FigureProps {
  to: string;
  name: string;
  value: number;
  about?: string;
  tone?: string;
  children: ReactNode;
}

function Figure({ to, name, value, about = "", tone = "", children }: FigureProps) {
  return (
    <li>
      <Link href={to} className={tone}>
        <span className="figure-name">{name}</span>
        <span className="figure">
          {about && <small>{about}</small>}
          {count(value)}
        </span>
        <span className="figure-note">{children}</span>
      </Link>
    </li>
  );
}

const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const HOUR = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });

function Throughput({ stats }: { stats: Stats }) {
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

function ByType({ stats }: { stats: Stats }) {
  const active = stats.types.filter((type) => type.pending + type.processing > 0);
  const most = Math.max(1, ...active.map((type) => type.pending + type.processing));
  return (
    <Card title="Waiting, by type" aside={<Link href="/types">All types</Link>}>
      {active.length === 0 ? (
        <p className="quiet pad">No job waits or runs.</p>
      ) : (
        <ul className="bars">
          {active
            .toSorted((one, other) => other.pending - one.pending)
            .map((type) => (
              <li key={type.jobType}>
                <Link href={`/jobs?status=pending&jobType=${type.jobType}`}>
                  <span>
                    {words(type.jobType)} {type.paused && <Tag tone="warn">paused</Tag>}
                  </span>
                  <span className="number">
                    {type.pendingIsEstimate && "about "}
                    {count(type.pending + type.processing)}
                  </span>
                </Link>
                <Meter share={(type.pending + type.processing) / most} />
              </li>
            ))}
        </ul>
      )}
    </Card>
  );
}

function Noteworthy({ stats }: { stats: Stats }) {
  const { likes, givenBack, oldestTransaction: open, runs } = stats;
  return (
    <Card title="Also worth knowing">
      <dl className="facts">
        <Fact name="Runs’ time used">
          {runs.budgetUsed === null ? "–" : share(runs.budgetUsed)} of the last hour’s budget
        </Fact>
        <Fact name="Likes that drift">
          {likes === null ? (
            "not audited yet"
          ) : (
            <>
              <Link href="/likes">
                {likes.driftingPosts ? jobs(likes.driftingPosts, "post") : "no post"} of{" "}
                {count(likes.checkedPosts ?? 0)}
              </Link>
              , audited <Moment value={likes.auditedAt} as="ago" />
            </>
          )}
        </Fact>
        <Fact name="Oldest open transaction">
          {open === null ? (
            "not one over a minute"
          ) : (
            <>
              {duration(open.openSeconds * 1_000)}, {open.state ?? "unknown state"},{" "}
              {open.application || open.role || "unknown"} (pid {open.pid}). It keeps dead rows alive: end it.
            </>
          )}
        </Fact>
        <Fact name="Jobs that come back">
          {givenBack.tenTimes === 0
            ? "not one came back ten times"
            : `${jobs(givenBack.tenTimes)} came back ten times, ${count(givenBack.fiftyTimes)} fifty times`}
        </Fact>
      </dl>
      {givenBack.jobs.length > 0 && (
        <ul id="returning" className="plain-list">
          {givenBack.jobs.slice(0, 6).map((job) => (
            <li key={job.id}>
              <Link href={`/jobs/${job.id}`}>{words(job.jobType)}</Link> <State status={job.status} />{" "}
              <span className="quiet">
                {count(job.deferrals)} times, made <Moment value={job.createdAt} as="ago" />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
