/** Likes: whether the stored counts are right, and an audit on demand. */

import { useState } from "react";
import { Link } from "wouter";
import { useRunNow } from "../api/actions";
import type { Stats } from "../api/contract";
import { useJob, useSchedules, useStats } from "../api/queries";
import { useMayChange } from "../api/session";
import { count, duration, jobs, share } from "../text";
import { Moment } from "../ui/clock";
import { Json } from "../ui/json";
import { Button, Card, Empty, Facts, Failed, Loading, PageHead, State } from "../ui/parts";

const AUDIT = "audit_like_counts";
const SYNC = "sync_like_count";

export function Likes() {
  const { data: stats, error, refetch } = useStats();
  const [auditId, setAuditId] = useState<string | null>(null);
  return (
    <>
      <PageHead title="Likes">
        <AuditNow onStarted={setAuditId} />
      </PageHead>
      {auditId && <RunningAudit id={auditId} />}
      {stats ? (
        <div className="grid two">
          <Drift stats={stats} />
          <Syncing stats={stats} />
        </div>
      ) : (
        <Card>
          {error ? (
            <Failed error={error} what="The like counts" retry={() => void refetch()} />
          ) : (
            <Loading rows={4} what="the like counts" />
          )}
        </Card>
      )}
    </>
  );
}

function AuditNow({ onStarted }: { onStarted: (id: string) => void }) {
  const { data: schedules } = useSchedules();
  const { run, isPending } = useRunNow();
  const mayChange = useMayChange();
  const schedule = schedules?.find((each) => each.jobType === AUDIT);
  if (!mayChange || !schedules) {
    return null;
  }
  if (!schedule) {
    return <Link href="/schedules">No schedule audits the likes: create one</Link>;
  }
  const start = async () => {
    const id = await run(schedule.name);
    if (id) {
      onStarted(id);
    }
  };
  return (
    <Button kind="main" icon="play" busy={isPending} onClick={() => void start()}>
      Audit now
    </Button>
  );
}

function RunningAudit({ id }: { id: string }) {
  const { data: job, error } = useJob(id);
  return (
    <Card title="This audit" aside={<Link href={`/jobs/${id}`}>The job</Link>}>
      {error ? (
        <Failed error={error} what="The audit" />
      ) : job ? (
        <div className="pad">
          <p role="status">
            <State status={job.status} />{" "}
            {job.status === "pending" ? "The next run of the worker takes it, within a minute." : null}
          </p>
          {job.result !== null && job.result !== undefined && <Json value={job.result} label="Result" />}
          {job.errorMessage && <p className="problem">{job.errorMessage}</p>}
        </div>
      ) : (
        <Loading rows={1} what="the audit" />
      )}
    </Card>
  );
}

function Drift({ stats: { likes } }: { stats: Stats }) {
  if (!likes) {
    return (
      <Card title="Drift">
        <Empty title="Not audited yet.">The audit compares the stored counts with the ratings, each hour.</Empty>
      </Card>
    );
  }
  const drifting = likes.driftingPosts ?? 0;
  return (
    <Card title="Drift">
      <p className={`big ${drifting ? "bad" : "good"}`}>
        {count(drifting)} <small>{drifting === 1 ? "post has" : "posts have"} a wrong count</small>
      </p>
      <Facts
        rows={[
          ["Looked at", likes.checkedPosts === null ? "–" : jobs(likes.checkedPosts, "post")],
          ["Last audit", <Moment key="at" value={likes.auditedAt} />],
          ["What follows", drifting ? "Their sync was asked for: the next runs mend them." : "Nothing to do."],
        ]}
      />
    </Card>
  );
}

function Syncing({ stats }: { stats: Stats }) {
  const sync = stats.types.find((type) => type.jobType === SYNC);
  if (!sync) {
    return null;
  }
  const { p50, p95 } = sync.waitingMsLast24h;
  return (
    <Card title="Counts that are being brought up to date" aside={<Link href={`/jobs?jobType=${SYNC}`}>The jobs</Link>}>
      <p className="big">
        {count(sync.pending + sync.processing)} <small>wait or run</small>
      </p>
      <Facts
        rows={[
          ["Completed", `${jobs(sync.completedLast24h, "sync")} within 24 h`],
          ["Dead", `${count(sync.deadLast24h)} within 24 h`],
          [
            "Waited while due",
            p50 === null || p95 === null ? "–" : `half at most ${duration(p50)}, 95 % at most ${duration(p95)}`,
          ],
          ["Errors", sync.errorRateLast24h === null ? "–" : `${share(sync.errorRateLast24h)} of attempts`],
          ["Paused", sync.paused ? "yes: counts stand still" : "no"],
        ]}
      />
    </Card>
  );
}
