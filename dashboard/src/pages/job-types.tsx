/** Job types: how many jobs of each, how they went, how long they took; pause and resume. */

import { Link } from "wouter";
import { usePausing } from "../api/actions";
import type { Percentiles, TypeStats } from "../api/contract";
import { useStats } from "../api/queries";
import { useMayChange } from "../api/session";
import { capital, count, share, shortDuration, words } from "../text";
import { Button, Card, Failed, Loading, Meter, PageHead, Scroll, Tag } from "../ui/parts";

export function JobTypes() {
  const { data: stats, error, refetch } = useStats();
  return (
    <>
      <PageHead title="Job types" />
      <Card className="flush">
        {stats ? (
          <Types types={stats.types} />
        ) : error ? (
          <Failed error={error} what="The job types" retry={() => void refetch()} />
        ) : (
          <Loading rows={7} what="the job types" />
        )}
      </Card>
      <p className="quiet small">
        The last 24 hours, where nothing else is said. Durations are of completed jobs. Waiting is from due to started.
        Errors are the share of attempts that failed. A paused type is enqueued and does not run.
      </p>
    </>
  );
}

function Types({ types }: { types: TypeStats[] }) {
  const mayChange = useMayChange();
  const { set, isPending } = usePausing();
  return (
    <Scroll label="Job types">
      <table className="types">
        <thead>
          <tr>
            <th scope="col" rowSpan={2}>
              Type
            </th>
            <th scope="colgroup" colSpan={5} className="group">
              Now
            </th>
            <th scope="colgroup" colSpan={4} className="group">
              Ended
            </th>
            <th scope="colgroup" colSpan={3} className="group">
              Duration
            </th>
            <th scope="colgroup" colSpan={3} className="group">
              Waiting
            </th>
            {mayChange && (
              <th scope="col" rowSpan={2}>
                <span className="unseen">Actions</span>
              </th>
            )}
          </tr>
          <tr>
            {["Due", "Later", "Retrying", "Running", "Oldest"].map((name) => (
              <th scope="col" className="number" key={name}>
                {name}
              </th>
            ))}
            {["Completed", "Dead", "Discarded", "Errors"].map((name) => (
              <th scope="col" className="number" key={name}>
                {name}
              </th>
            ))}
            {["Duration", "Waiting"].flatMap((group) =>
              ["p50", "p95", "p99"].map((name) => (
                <th scope="col" className="number" key={`${group} ${name}`}>
                  {name}
                </th>
              )),
            )}
          </tr>
        </thead>
        <tbody>
          {types.map((type) => (
            <tr key={type.jobType}>
              <th scope="row">
                <Link href={`/jobs?jobType=${type.jobType}`}>{capital(words(type.jobType))}</Link>
                <Tags type={type} />
              </th>
              <Count value={type.due} about={type.pendingIsEstimate} />
              <Count value={type.scheduled} about={type.pendingIsEstimate} />
              <Count value={type.failed} about={type.pendingIsEstimate} />
              <Count value={type.processing} />
              <td className="number">
                {type.oldestDueSeconds === null ? "–" : shortDuration(type.oldestDueSeconds * 1_000)}
              </td>
              <Count value={type.completedLast24h} />
              <Count value={type.deadLast24h} bad />
              <Count value={type.discardedLast24h} />
              <td className="number">
                <ErrorRate rate={type.errorRateLast24h} />
              </td>
              <Percentile of={type.durationMsLast24h} />
              <Percentile of={type.waitingMsLast24h} />
              {mayChange && (
                <td className="row-actions">
                  <Button
                    icon={type.paused ? "play" : "pause"}
                    disabled={isPending}
                    onClick={() => void set(type.jobType, !type.paused)}
                    aria-label={`${type.paused ? "Resume" : "Pause"} ${words(type.jobType)}`}
                    title={type.paused ? "Resume" : "Pause"}
                  />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Count({ value, about = false, bad = false }: { value: number; about?: boolean; bad?: boolean }) {
  return (
    <td className={`number ${value === 0 ? "quiet" : bad ? "bad" : ""}`}>
      {about && value > 0 ? "~" : ""}
      {count(value)}
    </td>
  );
}

function Percentile({ of }: { of: Percentiles }) {
  return [of.p50, of.p95, of.p99].map((value, position) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: always these three, in this order
    <td className="number" key={position}>
      {value === null ? <span className="quiet">–</span> : shortDuration(value)}
    </td>
  ));
}

function ErrorRate({ rate }: { rate: number | null }) {
  if (rate === null) {
    return <span className="quiet">–</span>;
  }
  return (
    <span className={`error-rate ${rate >= 0.5 ? "bad" : ""}`}>
      <Meter share={rate} />
      {share(rate)}
    </span>
  );
}

function Tags({ type }: { type: TypeStats }) {
  if (!type.paused && type.stuck === 0 && type.isolated === 0) {
    return null;
  }
  return (
    <span className="tags">
      {type.paused && <Tag tone="warn">paused</Tag>}
      {type.stuck > 0 && <Tag tone="bad">{count(type.stuck)} stuck</Tag>}
      {type.isolated > 0 && <Tag tone="warn">{count(type.isolated)} isolated</Tag>}
    </span>
  );
}
