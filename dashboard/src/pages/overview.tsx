/** The queue at a glance: what is wrong, how many jobs are where, what ended, and when the backlog is gone. */

import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Stats } from "../api/contract";
import { useStats } from "../api/queries";
import { count, duration, jobs } from "../text";
import { Failed, Loading, PageHead, Tag } from "../ui/parts";
import { Backlog } from "./backlog";
import { HealthReasons } from "./health";
import { RunsTimeline } from "./runs-timeline";
import { Throughput } from "./throughput";
import { Noteworthy, WaitingByType } from "./waiting";

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
        <WaitingByType stats={stats} />
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
