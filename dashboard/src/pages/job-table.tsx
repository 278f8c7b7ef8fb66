/** Jobs in rows. */

import type { ReactNode } from "react";
import { Link, useSearchParams } from "wouter";
import type { Job } from "../api/contract";
import { capital, count, duration, shortId, words } from "../text";
import { Moment } from "../ui/clock";
import { Icon } from "../ui/icons";
import { Scroll, State } from "../ui/parts";
import { type Sort, sortOf, withParameter } from "./job-filter";

interface JobTableProps {
  jobs: Job[];
  selected: ReadonlySet<string>;
  /** null for who may not act on jobs. */
  onSelect: ((ids: ReadonlySet<string>) => void) | null;
  stale: boolean;
}

export function JobTable({ jobs, selected, onSelect, stale }: JobTableProps) {
  const chosen = jobs.filter((job) => selected.has(job.id)).length;
  const toggle = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) {
      next.add(id);
    }
    onSelect?.(next);
  };
  return (
    <Scroll label="Jobs" className={stale ? "stale" : ""}>
      <table className="jobs">
        <thead>
          <tr>
            {onSelect && (
              <th scope="col" className="tick">
                <input
                  type="checkbox"
                  aria-label="Choose all shown"
                  checked={chosen === jobs.length}
                  ref={(box) => {
                    if (box) {
                      box.indeterminate = chosen > 0 && chosen < jobs.length;
                    }
                  }}
                  onChange={() => onSelect(chosen === jobs.length ? new Set() : new Set(jobs.map((job) => job.id)))}
                />
              </th>
            )}
            <th scope="col">State</th>
            <th scope="col">Job</th>
            <SortHead by="createdAt" always>
              Made
            </SortHead>
            <SortHead by="scheduledFor">Due</SortHead>
            <SortHead by="attempts" number>
              Attempts
            </SortHead>
            <SortHead by="priority" number>
              Priority
            </SortHead>
            <SortHead by="durationMs" number>
              Took
            </SortHead>
            <th scope="col" className="wide">
              Error
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id} className={selected.has(job.id) ? "chosen" : ""}>
              {onSelect && (
                <td className="tick">
                  <input
                    type="checkbox"
                    aria-label={`Choose ${words(job.jobType)} ${shortId(job.id)}`}
                    checked={selected.has(job.id)}
                    onChange={() => toggle(job.id)}
                  />
                </td>
              )}
              <td>
                <State status={job.status === "pending" && job.attempts > 0 ? "failed" : job.status} />
              </td>
              <td className="job-name">
                <Link href={`/jobs/${job.id}`}>{capital(words(job.jobType))}</Link> <code>{shortId(job.id)}</code>
                {job.errorMessage && <span className="phone-error">{job.errorMessage}</span>}
              </td>
              <td>
                <Moment value={job.createdAt} />
              </td>
              <td className="wide">
                <Moment value={job.scheduledFor} as={job.status === "pending" ? "ago" : "at"} />
              </td>
              <td className="number wide">
                {count(job.attempts)}
                <span className="quiet">/{count(job.maxAttempts)}</span>
              </td>
              <td className="number wide">{job.priority}</td>
              <td className="number wide">{job.durationMs === null ? "–" : duration(job.durationMs)}</td>
              <td className="error wide" title={job.errorMessage ?? undefined}>
                {job.errorMessage ?? ""}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

interface SortHeadProps {
  by: Sort;
  number?: boolean;
  /** Shown on a phone too. */
  always?: boolean;
  children: ReactNode;
}

/** A heading that sorts the loaded rows: first down, then up, then as they came. */
function SortHead({ by, number = false, always = false, children }: SortHeadProps) {
  const [parameters, setParameters] = useSearchParams();
  const sort = sortOf(parameters);
  const mine = sort?.by === by ? sort : null;
  const next = mine === null ? `-${by}` : mine.down ? by : null;
  return (
    <th
      scope="col"
      className={`${number ? "number" : ""} ${always ? "" : "wide"}`}
      aria-sort={mine === null ? "none" : mine.down ? "descending" : "ascending"}
    >
      <button
        type="button"
        className="sort"
        title="Sorts the rows that are shown"
        onClick={() => setParameters((now) => withParameter(now, { sort: next }), { replace: true })}
      >
        {children}
        {mine && <Icon name={mine.down ? "down" : "up"} />}
      </button>
    </th>
  );
}
