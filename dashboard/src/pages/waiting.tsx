/** What waits, by type; and what is worth knowing besides. */

import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Stats } from "../api/contract";
import { count, duration, jobs, share, words } from "../text";
import { Moment } from "../ui/clock";
import { Card, Meter, State, Tag } from "../ui/parts";

export function WaitingByType({ stats }: { stats: Stats }) {
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

export function Noteworthy({ stats }: { stats: Stats }) {
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
