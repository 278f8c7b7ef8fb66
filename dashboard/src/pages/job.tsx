/** One job and its whole story. */

import { useState } from "react";
import { Link, useLocation } from "wouter";
import type { BulkVerb, Job } from "../api/contract";
import { useJob } from "../api/queries";
import { useMayChange } from "../api/session";
import { capital, count, duration, shortId, words } from "../text";
import { BulkDialog } from "../ui/bulk";
import { Moment } from "../ui/clock";
import { Copy, Json } from "../ui/json";
import { Button, Card, Empty, Facts, Failed, Loading, PageHead, State, Tag } from "../ui/parts";
import { Attempts } from "./attempts";

export function JobPage({ id }: { id: string }) {
  const { data: job, error, refetch } = useJob(id);
  if (job) {
    return <Story job={job} />;
  }
  return (
    <>
      <PageHead title={`Job ${shortId(id)}`} />
      <Card>
        {error ? (
          <Failed error={error} what="The job" retry={() => void refetch()} />
        ) : job === null ? (
          <Empty title="There is no such job.">
            The history is cleared of ended jobs after some time. <Link href="/jobs">All jobs</Link>
          </Empty>
        ) : (
          <Loading what="the job" />
        )}
      </Card>
    </>
  );
}

function possible(job: Job): BulkVerb[] {
  switch (job.status) {
    case "pending":
    case "failed":
      return job.jobType === "sync_like_count" ? ["edit"] : ["edit", "cancel"];
    case "dead":
      return job.redrivenAs ? ["delete"] : ["redrive", "discard", "delete"];
    case "completed":
    case "discarded":
    case "cancelled":
      return ["delete"];
    case "processing":
      return [];
  }
}

function Story({ job }: { job: Job }) {
  const mayChange = useMayChange();
  const [verb, setVerb] = useState<BulkVerb | null>(null);
  const [, go] = useLocation();
  const done = (ids: string[]) => {
    if (verb === "redrive" && ids[0]) {
      go(`/jobs/${ids[0]}`);
    } else if (verb === "delete") {
      go("/jobs");
    }
  };
  const retrying = job.status === "pending" && job.attempts > 0;
  return (
    <>
      <PageHead
        title={
          <>
            {capital(words(job.jobType))} <State status={retrying ? "failed" : job.status} />
          </>
        }
      >
        {mayChange &&
          possible(job).map((each) => (
            <Button
              key={each}
              kind={each === "redrive" ? "main" : each === "delete" || each === "discard" ? "danger" : "plain"}
              onClick={() => setVerb(each)}
            >
              {capital(each)}…
            </Button>
          ))}
        {verb && <BulkDialog verb={verb} chosen={{ ids: [job.id] }} onClose={() => setVerb(null)} onDone={done} />}
      </PageHead>
      <p className="job-id">
        <code>{job.id}</code> <Copy text={job.id} />
      </p>
      {job.errorMessage && (
        <p className={`remark ${job.status === "dead" ? "bad" : ""}`}>
          <strong>{job.status === "completed" ? "An earlier attempt: " : "Last error: "}</strong>
          {job.errorMessage}
        </p>
      )}
      <div className="grid job">
        <div>
          <Card title="What happened">
            <Attempts job={job} />
          </Card>
          <Card title="Payload" aside={<SamePost job={job} />}>
            {job.payloadHidden ? (
              <p className="quiet pad">Payloads are hidden here (DASHBOARD_HIDE_PAYLOADS).</p>
            ) : (
              <Json value={job.payload} label="Payload" />
            )}
          </Card>
          {job.result !== null && job.result !== undefined && (
            <Card title="Result">
              <Json value={job.result} label="Result" />
            </Card>
          )}
        </div>
        <Card title="Facts">
          <Facts
            rows={[
              [
                "Type",
                <Link key="type" href={`/jobs?jobType=${job.jobType}`}>
                  {words(job.jobType)}
                </Link>,
              ],
              ["Attempts", `${count(job.attempts)} of ${count(job.maxAttempts)}`],
              ["Priority", `${job.priority} of 10`],
              ["Made", <Moment key="made" value={job.createdAt} />],
              ["Due", <Moment key="due" value={job.scheduledFor} />],
              ["Last started", <Moment key="started" value={job.startedAt} none={job.completedAt ? "–" : "not yet"} />],
              ["Ended", <Moment key="ended" value={job.completedAt} none="not yet" />],
              ["Took", job.durationMs === null ? "–" : duration(job.durationMs)],
              ["Waited while due", job.waitedMs === null ? "–" : duration(job.waitedMs)],
              ["Came back uncounted", job.deferrals === null ? "–" : `${count(job.deferrals)} times`],
              ["Idempotency key", job.idempotencyKey ? <code key="key">{job.idempotencyKey}</code> : "–"],
              ["Came from", <Other key="from" id={job.redriveOf} none="no other job" />],
              ["Became", <Other key="became" id={job.redrivenAs} none="no other job" />],
            ]}
          />
          {job.isolated && (
            <p className="remark">
              <Tag tone="warn">isolated</Tag> Its worker was lost once. It runs alone now, so that it takes no other job
              along.
            </p>
          )}
        </Card>
      </div>
    </>
  );
}

function Other({ id, none }: { id: string | null; none: string }) {
  return id ? (
    <Link href={`/jobs/${id}`}>
      <code>{shortId(id)}</code>
    </Link>
  ) : (
    <span className="quiet">{none}</span>
  );
}

function SamePost({ job }: { job: Job }) {
  const post = job.payload?.post_id;
  if (typeof post !== "string") {
    return null;
  }
  return <Link href={`/jobs?payload=${encodeURIComponent(JSON.stringify({ post_id: post }))}`}>Jobs of this post</Link>;
}
