/** From when a job was made to how it stands: each attempt with its end, error and worker. */

import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Attempt, Job } from "../api/contract";
import { count, duration, shortId } from "../text";
import { Moment } from "../ui/clock";
import { State, Tag } from "../ui/parts";

const LOG_LIMIT = 20;
/** Ends that gave the attempt back. */
const UNCOUNTED = ["snoozed", "released", "not_counted"];

export function Attempts({ job }: { job: Job }) {
  const log = job.attemptLog ?? [];
  return (
    <ol className="story">
      <Step at={job.createdAt} tone="plain">
        Made
        {job.redriveOf && (
          <>
            , as the redrive of{" "}
            <Link href={`/jobs/${job.redriveOf}`}>
              <code>{shortId(job.redriveOf)}</code>
            </Link>
          </>
        )}
      </Step>
      {log.length === LOG_LIMIT && (
        <li className="plain">
          <span className="quiet">Only the last {LOG_LIMIT} attempts that did not complete it are kept.</span>
        </li>
      )}
      {log.map((attempt) => (
        <One key={`${attempt.endedAt} ${attempt.outcome}`} attempt={attempt} />
      ))}
      <Now job={job} last={log.at(-1)} />
    </ol>
  );
}

function One({ attempt }: { attempt: Attempt }) {
  const back = UNCOUNTED.includes(attempt.outcome);
  const took = attempt.startedAt ? Date.parse(attempt.endedAt) - Date.parse(attempt.startedAt) : null;
  return (
    <Step at={attempt.startedAt ?? attempt.endedAt} tone={back ? "warn" : "bad"}>
      <Tag tone={back ? "warn" : "bad"}>{attempt.outcome.replaceAll("_", " ")}</Tag>
      {took !== null && <> after {duration(took)}</>}
      {attempt.workerId && (
        <span className="quiet">
          {" "}
          by <code>{attempt.workerId}</code>
        </span>
      )}
      {attempt.error && <span className="story-error">{attempt.error}</span>}
    </Step>
  );
}

function Now({ job, last }: { job: Job; last: Attempt | undefined }) {
  switch (job.status) {
    case "pending":
    case "failed":
      return (
        <Step at={job.scheduledFor} tone="future">
          Due{" "}
          {job.attempts > 0
            ? `for attempt ${count(job.attempts + 1)} of ${count(job.maxAttempts)}`
            : "for its first attempt"}
        </Step>
      );
    case "processing":
      return (
        <Step at={job.startedAt} tone="now">
          Attempt {count(job.attempts)} of {count(job.maxAttempts)} runs
        </Step>
      );
    default:
      return (
        <>
          {job.status === "completed" && job.startedAt && job.startedAt !== last?.startedAt && (
            <Step at={job.startedAt} tone="good">
              Attempt {count(job.attempts)} completed it
              {job.durationMs === null ? "" : ` in ${duration(job.durationMs)}`}
            </Step>
          )}
          <Step at={job.completedAt} tone={job.status === "completed" ? "good" : "plain"}>
            <State status={job.status} />
            {job.redrivenAs && (
              <>
                {" "}
                and redriven as{" "}
                <Link href={`/jobs/${job.redrivenAs}`}>
                  <code>{shortId(job.redrivenAs)}</code>
                </Link>
              </>
            )}
          </Step>
        </>
      );
  }
}

function Step({ at, tone, children }: { at: string | null; tone: string; children: ReactNode }) {
  return (
    <li className={tone}>
      <span className="story-time">
        <Moment value={at} as="at" />
      </span>
      <div>{children}</div>
    </li>
  );
}
